UPDATE {schema}.etl_runs
SET status = 'terminated', error = 'its workflow ended without a word', finished = clock_timestamp()
WHERE workflow_id = %(workflow_id)s
  AND (workflow_run_id <> %(workflow_run_id)s) = %(others)s
  AND finished IS NULL
RETURNING id
