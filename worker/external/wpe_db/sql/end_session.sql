SELECT pg_terminate_backend(pid, 5000)
FROM pg_catalog.pg_stat_activity
WHERE application_name = %(name)s AND pid <> pg_backend_pid() AND usename = current_user
