-- The same workflow run opens one row, however often its activity is delivered.
INSERT INTO {schema}.etl_runs AS held ({columns})
VALUES ({values})
ON CONFLICT (workflow_id, workflow_run_id) DO UPDATE SET kind = held.kind
RETURNING id
