-- Room on every page lets the ledger move
-- forward in place.
CREATE TABLE IF NOT EXISTS {schema}.etl_documents (
    {columns},
    PRIMARY KEY (source_kind_id, document_id)
) WITH (fillfactor = 80);
CREATE INDEX IF NOT EXISTS etl_documents_unknown_idx ON {schema}.etl_documents USING gin (unknown) WHERE unknown <> '{{}}';
