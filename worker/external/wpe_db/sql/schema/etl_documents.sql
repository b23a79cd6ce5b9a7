-- block_id is the load that last changed the document's events. Room on every page lets the ledger move
-- forward in place.
CREATE TABLE {schema}.etl_documents (
    source_kind_id   text NOT NULL,
    document_id      text NOT NULL,
    upstream_updated timestamptz NOT NULL,
    extracted_at     timestamptz NOT NULL,
    hash             bytea,
    event_count      integer NOT NULL,
    version          text,
    specific_version text,
    unknown          text[] NOT NULL DEFAULT '{{}}',
    run              bigint NOT NULL,
    block_id         uuid NOT NULL,
    deleted_at       timestamptz,
    PRIMARY KEY (source_kind_id, document_id)
) WITH (fillfactor = 80);
CREATE INDEX etl_documents_unknown_idx ON {schema}.etl_documents USING gin (unknown) WHERE unknown <> '{{}}';
