-- Rows of the earlier layout that this load is about to change.
SELECT e.id, {columns}
FROM pg_temp.etl_load_rows t
JOIN {events} e ON e.event_id = t.event_id
WHERE e.document_id IS NULL
