-- Whom a session waits for. What another role's session does is told to nobody but members of that role.
SELECT pid, coalesce(nullif(application_name, ''), usename, 'unnamed'), coalesce(state, 'unknown'), xact_start
FROM pg_catalog.pg_stat_activity
WHERE pid = ANY (pg_blocking_pids(%(pid)s))
ORDER BY xact_start NULLS LAST, pid
LIMIT 5
