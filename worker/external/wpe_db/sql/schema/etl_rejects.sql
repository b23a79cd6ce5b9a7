CREATE TABLE {schema}.etl_rejects (
    digest         bytea PRIMARY KEY,
    source_kind_id text NOT NULL,
    document_id    text NOT NULL,
    event_id       text NOT NULL,
    stage          text NOT NULL,
    reason         text NOT NULL,
    times_seen     bigint NOT NULL DEFAULT 1,
    first_seen     timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen      timestamptz NOT NULL DEFAULT clock_timestamp(),
    run            bigint NOT NULL,
    fragment       text
);
CREATE INDEX etl_rejects_source_idx ON {schema}.etl_rejects (source_kind_id, last_seen);
