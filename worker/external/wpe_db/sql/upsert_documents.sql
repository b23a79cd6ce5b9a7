-- A row moves forward even when its hash is equal: else an older batch wins later. block_id tells which
-- load changed the document; a deletion keeps the time of its last change, so that the times of reading
-- decide what is newer, it or another content.
INSERT INTO {schema}.etl_documents AS d
    (source_kind_id, document_id, upstream_updated, extracted_at, hash, event_count, version,
     specific_version, unknown, run, block_id, deleted_at)
SELECT %(source)s, n.document_id, n.upstream_updated, n.extracted_at, decode(nullif(n.hash, ''), 'hex'), n.event_count,
       n.version, n.specific_version, n.unknown::text[], %(run)s::bigint, %(block_id)s::uuid,
       CASE WHEN n.deleted THEN n.extracted_at END
FROM unnest(%(ids)s::text[], %(updated)s::timestamptz[], %(extracted)s::timestamptz[], %(hashes)s::text[],
            %(versions)s::text[], %(specific_versions)s::text[], %(unknown)s::text[], %(deleted)s::boolean[],
            %(event_counts)s::int[])
     AS n (document_id, upstream_updated, extracted_at, hash, version, specific_version, unknown, deleted,
           event_count)
ORDER BY n.document_id COLLATE "C"
ON CONFLICT (source_kind_id, document_id) DO UPDATE SET
    upstream_updated = CASE WHEN EXCLUDED.deleted_at IS NULL THEN EXCLUDED.upstream_updated
                            ELSE d.upstream_updated END,
    extracted_at = EXCLUDED.extracted_at,
    hash = EXCLUDED.hash,
    event_count = EXCLUDED.event_count,
    version = EXCLUDED.version,
    specific_version = EXCLUDED.specific_version,
    unknown = EXCLUDED.unknown,
    run = EXCLUDED.run,
    block_id = CASE WHEN d.hash = EXCLUDED.hash THEN d.block_id ELSE EXCLUDED.block_id END,
    deleted_at = EXCLUDED.deleted_at
WHERE CASE WHEN EXCLUDED.deleted_at IS NOT NULL OR d.deleted_at IS NOT NULL
                OR '-infinity' IN (EXCLUDED.upstream_updated, d.upstream_updated)
           THEN EXCLUDED.extracted_at >= d.extracted_at
           ELSE (EXCLUDED.upstream_updated, EXCLUDED.extracted_at) >= (d.upstream_updated, d.extracted_at) END
RETURNING d.document_id, d.xmax = 0 AS is_new, d.block_id = %(block_id)s AS is_changed
