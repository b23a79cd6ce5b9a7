-- What was opened before a run's namespace was noted may be of any; a table may be without that column.
SELECT run.id, run.workflow_id, run.workflow_run_id, place.namespace IS NOT NULL,
    run.started < clock_timestamp() - interval '1 day'
FROM {schema}.etl_runs AS run
CROSS JOIN LATERAL (SELECT to_jsonb(run) ->> 'namespace' AS namespace) AS place
WHERE run.source_kind_id = %(source)s
  AND run.finished IS NULL
  AND coalesce(place.namespace, %(namespace)s) = %(namespace)s
  AND (run.workflow_id, run.workflow_run_id) <> (%(workflow_id)s, %(workflow_run_id)s)
ORDER BY run.id
LIMIT %(limit)s
