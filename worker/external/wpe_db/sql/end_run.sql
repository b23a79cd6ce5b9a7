UPDATE {schema}.etl_runs
SET status = %(status)s, error = %(error)s, finished = clock_timestamp()
WHERE id = %(run)s AND finished IS NULL
