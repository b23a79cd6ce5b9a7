UPDATE {events} e
SET {assignments}, updated_at = clock_timestamp()
FROM unnest({arrays}) AS n (id, {columns})
WHERE e.id = n.id AND e.document_id IS NULL
