-- A document that was read before it was given these rows did not yield them: its hash says so, unless
-- something of it was rejected then.
DELETE FROM {events} e
USING {schema}.etl_documents d
WHERE e.id = ANY (%(ids)s)
  AND e.document_id = d.document_id
  AND e.content_hash IS NULL
  AND d.source_kind_id = {source}
  AND d.hash IS NOT NULL
  AND NOT EXISTS (SELECT FROM {schema}.etl_rejects r
                  WHERE r.source_kind_id = {source} AND r.document_id = d.document_id
                    AND r.last_seen >= d.extracted_at)
