-- Compressed by us: EXTERNAL keeps the server from compressing again.
CREATE UNLOGGED TABLE {schema}.etl_staging (
    block_id uuid PRIMARY KEY,
    run      bigint NOT NULL,
    batch_no integer NOT NULL,
    raw      bytea,
    ledger   bytea,
    rows     bytea,
    summary  jsonb,
    created  timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE {schema}.etl_staging ALTER COLUMN raw SET STORAGE EXTERNAL;
ALTER TABLE {schema}.etl_staging ALTER COLUMN ledger SET STORAGE EXTERNAL;
ALTER TABLE {schema}.etl_staging ALTER COLUMN rows SET STORAGE EXTERNAL;
CREATE INDEX etl_staging_created_idx ON {schema}.etl_staging (created);
