-- A ledger that outlives its rows would call them unchanged for ever.
DELETE FROM {schema}.etl_documents WHERE source_kind_id = {source} AND to_regclass({events_name}) IS NULL;
CREATE TABLE IF NOT EXISTS {events} (
    {columns}
);
