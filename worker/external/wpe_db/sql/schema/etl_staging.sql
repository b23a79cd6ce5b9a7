-- Compressed by us: EXTERNAL keeps the server from compressing again.
CREATE UNLOGGED TABLE IF NOT EXISTS {schema}.etl_staging (
    {columns}
);
ALTER TABLE {schema}.etl_staging ALTER COLUMN raw SET STORAGE EXTERNAL;
ALTER TABLE {schema}.etl_staging ALTER COLUMN ledger SET STORAGE EXTERNAL;
ALTER TABLE {schema}.etl_staging ALTER COLUMN rows SET STORAGE EXTERNAL;
CREATE INDEX IF NOT EXISTS etl_staging_created_idx ON {schema}.etl_staging (created);
