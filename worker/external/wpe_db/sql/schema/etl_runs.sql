CREATE TABLE {schema}.etl_runs (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind             text NOT NULL,
    source_kind_id   text NOT NULL,
    workflow_id      text NOT NULL,
    workflow_run_id  text NOT NULL,
    job_id           text,
    query_type       text,
    args             jsonb,
    version          text,
    specific_version text,
    date_start       date,
    date_end         date,
    status           text NOT NULL DEFAULT 'running',
    counts           jsonb NOT NULL DEFAULT '{{}}',
    started          timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished         timestamptz,
    error            text,
    namespace        varchar,
    UNIQUE (workflow_id, workflow_run_id)
);
CREATE INDEX etl_runs_started_idx ON {schema}.etl_runs (source_kind_id, started);
