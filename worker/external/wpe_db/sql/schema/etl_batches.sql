CREATE TABLE IF NOT EXISTS {schema}.etl_batches (
    {columns}
);
CREATE INDEX IF NOT EXISTS etl_batches_run_idx ON {schema}.etl_batches (run);
