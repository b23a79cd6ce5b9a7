-- Those of these rejects whose document was read since they were last seen, and did not have them. A reject
-- that comes with a load of its own document is seen after that document was read.
SELECT encode(reject.digest, 'hex')
FROM {schema}.etl_rejects AS reject
JOIN {schema}.etl_documents AS document
    ON document.source_kind_id = reject.source_kind_id AND document.document_id = reject.document_id
WHERE reject.digest = ANY (SELECT decode(wanted.digest, 'hex') FROM unnest(%(digests)s::text[]) AS wanted (digest))
  AND reject.source_kind_id = %(source)s
  AND document.extracted_at >= reject.last_seen
