CREATE TABLE IF NOT EXISTS {schema}.etl_runs (
    {columns},
    UNIQUE (workflow_id, workflow_run_id)
);
CREATE INDEX IF NOT EXISTS etl_runs_started_idx ON {schema}.etl_runs (source_kind_id, started);
