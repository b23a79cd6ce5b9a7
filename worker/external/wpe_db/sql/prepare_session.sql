SELECT set_config('timezone', 'UTC', false),
       set_config('datestyle', 'ISO', false),
       set_config('default_transaction_isolation', 'read committed', false),
       set_config('lock_timeout', %(lock_timeout)s, false),
       set_config('idle_in_transaction_session_timeout', %(idle_timeout)s, false),
       set_config('statement_timeout', %(statement_timeout)s, false);
