CREATE TABLE {schema}.etl_runs (
    {columns},
    UNIQUE (workflow_id, workflow_run_id)
);
CREATE INDEX etl_runs_started_idx ON {schema}.etl_runs (source_kind_id, started);
