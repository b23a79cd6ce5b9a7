UPDATE {schema}.etl_runs
SET status = 'terminated', error = 'its workflow ended without a word', finished = clock_timestamp()
WHERE workflow_id = %(workflow_id)s
  AND CASE WHEN %(before)s::timestamptz IS NULL THEN workflow_run_id = %(workflow_run_id)s
           ELSE workflow_run_id <> %(workflow_run_id)s AND started < %(before)s END
  AND finished IS NULL
RETURNING id
