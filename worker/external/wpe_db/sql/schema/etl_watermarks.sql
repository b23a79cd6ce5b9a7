CREATE TABLE {schema}.etl_watermarks (
    source_kind_id text PRIMARY KEY,
    covered_until  timestamptz NOT NULL,
    run            bigint,
    changed_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
