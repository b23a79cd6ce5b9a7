-- Documents that name by pseudonym somebody who is known by now.
SELECT DISTINCT document.document_id
FROM {schema}.etl_documents AS document
CROSS JOIN LATERAL unnest(document.unknown) AS mention (pseudonym)
JOIN {schema}.etl_identities AS identity ON identity.pseudonym = mention.pseudonym
WHERE document.source_kind_id = %(source)s
  AND document.unknown <> '{{}}'
  AND document.deleted_at IS NULL
  AND identity.employee_id IS NOT NULL
  AND document.document_id > %(after)s
ORDER BY document.document_id
LIMIT %(limit)s
