-- What a role, a database, the environment (PGOPTIONS, PGTZ) or the connection string can preset and what
-- changes the meaning of bytes, times, statements or rows. The encoding is in the connection string, so that
-- even the first message is read right.
SELECT pg_catalog.set_config('timezone', 'UTC', false),
       pg_catalog.set_config('datestyle', 'ISO, YMD', false),
       pg_catalog.set_config('intervalstyle', 'postgres', false),
       pg_catalog.set_config('bytea_output', 'hex', false),
       pg_catalog.set_config('extra_float_digits', '1', false),
       pg_catalog.set_config('array_nulls', 'on', false),
       pg_catalog.set_config('standard_conforming_strings', 'on', false),
       pg_catalog.set_config('backslash_quote', 'safe_encoding', false),
       pg_catalog.set_config('transform_null_equals', 'off', false),
       pg_catalog.set_config('gin_fuzzy_search_limit', '0', false),
       -- Fail loudly where row-level security would hide rows from a merge.
       pg_catalog.set_config('row_security', 'off', false),
       pg_catalog.set_config('default_transaction_isolation', 'read committed', false),
       pg_catalog.set_config('default_transaction_deferrable', 'off', false),
       pg_catalog.set_config('lock_timeout', %(lock_timeout)s, false),
       pg_catalog.set_config('idle_in_transaction_session_timeout', %(idle_timeout)s, false),
       pg_catalog.set_config('statement_timeout', %(statement_timeout)s, false),
       pg_catalog.set_config('idle_session_timeout', '0', false),
       -- From PostgreSQL 17 on.
       CASE WHEN pg_catalog.current_setting('transaction_timeout', true) IS NOT NULL
            THEN pg_catalog.set_config('transaction_timeout', '0', false) END,
       -- Only where it names pg_catalog, which is else searched first: triggers of a team may need the rest.
       CASE WHEN pg_catalog.strpos(pg_catalog.current_setting('search_path'), 'pg_catalog') > 0
            THEN pg_catalog.set_config(
                'search_path', pg_catalog.concat('pg_catalog, ', pg_catalog.current_setting('search_path')), false
            ) END,
       -- What we told Temporal is loaded must survive a crash of the server.
       CASE pg_catalog.current_setting('synchronous_commit')
            WHEN 'off' THEN pg_catalog.set_config('synchronous_commit', 'on', false) END
