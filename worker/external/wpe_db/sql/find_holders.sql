-- Which other documents hold rows that this load claims, as far as the ledger knows them.
SELECT DISTINCT d.document_id
FROM pg_temp.etl_load_rows t
JOIN {events} e ON e.event_id = t.event_id AND e.document_id <> t.document_id
JOIN {schema}.etl_documents d ON d.source_kind_id = {source} AND d.document_id = e.document_id
