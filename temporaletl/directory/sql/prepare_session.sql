-- For this transaction only: behind a pooler, the next one may be somebody else's. What a role or a database
-- can preset and what changes the meaning of texts and times; the search path is DIRECTORY_QUERY's own.
SELECT set_config('statement_timeout', %(timeout)s, true),
       set_config('idle_in_transaction_session_timeout', %(timeout)s, true),
       set_config('lock_timeout', %(timeout)s, true),
       -- From PostgreSQL 17 on.
       CASE WHEN current_setting('transaction_timeout', true) IS NOT NULL
            THEN set_config('transaction_timeout', '0', true) END,
       set_config('timezone', 'UTC', true),
       set_config('datestyle', 'ISO, YMD', true),
       set_config('intervalstyle', 'postgres', true),
       set_config('bytea_output', 'hex', true),
       set_config('extra_float_digits', '1', true),
       set_config('standard_conforming_strings', 'on', true)
