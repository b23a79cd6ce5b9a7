CREATE TABLE {schema}.etl_batches (
    block_id       uuid PRIMARY KEY,
    source_kind_id text NOT NULL,
    run            bigint NOT NULL,
    counts         jsonb,
    loaded_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX etl_batches_run_idx ON {schema}.etl_batches (run);
