UPDATE {schema}.etl_runs
SET status = %(status)s, counts = %(counts)s, error = %(error)s, finished = clock_timestamp()
WHERE id = %(run)s
