CREATE TABLE {schema}.etl_batches (
    {columns}
);
CREATE INDEX etl_batches_run_idx ON {schema}.etl_batches (run);
