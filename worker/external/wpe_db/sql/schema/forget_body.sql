BEGIN
    DELETE FROM {schema}.etl_documents WHERE source_kind_id = {source};
    RETURN NULL;
END
