CREATE TABLE {events} (
    {columns}
);
DELETE FROM {schema}.etl_documents WHERE source_kind_id = {source};
