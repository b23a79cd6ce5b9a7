-- A load of one of these documents waits for this transaction: one that was never read gets a row for that.
INSERT INTO {schema}.etl_documents AS d
    (source_kind_id, document_id, upstream_updated, extracted_at, event_count, run, block_id)
SELECT {source}, n.document_id, '-infinity', '-infinity', 0, 0, '00000000-0000-0000-0000-000000000000'
FROM unnest(%(documents)s::text[]) AS n (document_id)
ORDER BY n.document_id COLLATE "C"
ON CONFLICT (source_kind_id, document_id) DO UPDATE SET hash = d.hash WHERE false
