-- The same workflow run opens one row, however often its activity is delivered.
INSERT INTO {schema}.etl_runs AS held (
    kind, source_kind_id, workflow_id, workflow_run_id, job_id, query_type, args, version, specific_version,
    date_start, date_end, namespace
)
VALUES (
    %(kind)s, %(source)s, %(workflow_id)s, %(workflow_run_id)s, %(job_id)s, %(query_type)s, %(args)s,
    %(version)s, %(specific_version)s, %(date_start)s, %(date_end)s, %(namespace)s
)
ON CONFLICT (workflow_id, workflow_run_id) DO UPDATE SET kind = held.kind
RETURNING id
