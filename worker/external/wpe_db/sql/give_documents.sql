UPDATE {events} e
SET document_id = n.document_id
FROM unnest(%(ids)s::bigint[], %(documents)s::text[]) AS n (id, document_id)
WHERE e.id = n.id AND e.document_id IS NULL
