CREATE TABLE {history} (
    history_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    change              varchar NOT NULL,
    replaced_at         timestamptz NOT NULL,
    replaced_by_run     bigint,
    id                  bigint,
    source_kind_id      varchar,
    parent_item_id      varchar,
    event_id            varchar NOT NULL,
    event_type          varchar,
    relation_type       varchar,
    employee_id         varchar,
    event_time_utc      timestamp,
    week                date,
    timezone            varchar,
    event_time          timestamp,
    event_properties    jsonb,
    relation_properties jsonb,
    metrics             jsonb,
    version             varchar,
    specific_version    varchar,
    document_id         varchar,
    content_hash        bytea,
    run_id              bigint,
    loaded_at           timestamptz,
    updated_at          timestamptz
);
CREATE INDEX {event_id_index} ON {history} (event_id);
CREATE INDEX {replaced_at_index} ON {history} (replaced_at);
