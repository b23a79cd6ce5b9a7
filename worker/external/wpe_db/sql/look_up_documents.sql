-- Which documents are not as the ledger has them: new, or to be moved forward, or older than it.
SELECT n.at - 1, d.document_id IS NOT NULL AND CASE
           -- Where either last change is unknown, or nothing is left to have one, the time of reading decides.
           WHEN n.deleted OR '-infinity' IN (n.upstream_updated, d.upstream_updated)
               THEN n.extracted_at < d.extracted_at
           ELSE (n.upstream_updated, n.extracted_at) < (d.upstream_updated, d.extracted_at)
       END AS stale
FROM unnest(%(ids)s::text[], %(updated)s::timestamptz[], %(extracted)s::timestamptz[], %(hashes)s::text[],
            %(versions)s::text[], %(specific_versions)s::text[], %(unknown)s::text[], %(deleted)s::boolean[])
     WITH ORDINALITY AS n (document_id, upstream_updated, extracted_at, hash, version, specific_version,
                           unknown, deleted, at)
LEFT JOIN {schema}.etl_documents d
       ON d.source_kind_id = %(source)s AND d.document_id = n.document_id
WHERE NOT coalesce(
    n.upstream_updated = CASE WHEN n.deleted THEN n.upstream_updated ELSE d.upstream_updated END
    AND n.upstream_updated > CASE WHEN n.deleted THEN timestamptz 'infinity' ELSE '-infinity' END
    AND d.hash = decode(nullif(n.hash, ''), 'hex')
    AND d.version = n.version
    AND d.specific_version = n.specific_version
    AND d.unknown = n.unknown::text[]
    AND d.deleted_at IS NULL, false)
