CREATE TABLE IF NOT EXISTS {schema}.etl_rejects (
    {columns}
);
CREATE INDEX IF NOT EXISTS etl_rejects_source_idx ON {schema}.etl_rejects (source_kind_id, last_seen);
