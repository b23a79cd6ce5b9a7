-- For this transaction only: behind a pooler, the next one may be somebody else's.
SELECT set_config('statement_timeout', %(timeout)s, true),
       set_config('idle_in_transaction_session_timeout', %(timeout)s, true),
       set_config('lock_timeout', %(timeout)s, true),
       set_config('timezone', 'UTC', true),
       set_config('datestyle', 'ISO, YMD', true)
