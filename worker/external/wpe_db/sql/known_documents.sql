SELECT document_id FROM {schema}.etl_documents
WHERE source_kind_id = %(source)s AND document_id = ANY (%(holders)s)
ORDER BY document_id COLLATE "C"
