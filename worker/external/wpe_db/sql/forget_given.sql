-- A hash vouches for no row that was given behind its back: the next load of the document reconciles it.
UPDATE {schema}.etl_documents d
SET hash = NULL
FROM {events} e
WHERE e.id = ANY (%(ids)s)
  AND e.document_id = d.document_id
  AND e.content_hash IS NULL
  AND d.source_kind_id = {source}
  AND d.hash IS NOT NULL
