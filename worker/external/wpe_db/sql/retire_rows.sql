DELETE FROM {events} e
WHERE e.document_id = ANY (%(ids)s)
  AND e.event_id <> ALL (%(kept)s)
  AND NOT EXISTS (SELECT FROM pg_temp.etl_load_rows t WHERE t.event_id = e.event_id)
