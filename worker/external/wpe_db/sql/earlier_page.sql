SELECT id, {columns}
FROM {events}
WHERE document_id IS NULL AND id > %(after)s
ORDER BY id
LIMIT %(limit)s
