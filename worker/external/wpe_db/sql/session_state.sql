SELECT current_setting('server_encoding'),
       current_setting('session_replication_role'),
       pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on',
       current_setting('default_transaction_read_only')
