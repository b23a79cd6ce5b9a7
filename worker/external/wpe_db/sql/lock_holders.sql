SELECT FROM {schema}.etl_documents
WHERE source_kind_id = {source} AND document_id = ANY (%(holders)s)
FOR NO KEY UPDATE NOWAIT
