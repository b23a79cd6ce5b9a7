SELECT t.relname::text, i.relname::text, x.indisvalid,
       x.indisunique AND x.indpred IS NULL,
       (SELECT array_agg(coalesce(a.attname::text, '') ORDER BY k.n)
        FROM unnest(x.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n)
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum AND k.attnum <> 0
        WHERE k.n <= x.indnkeyatts),
       x.indpred IS NOT NULL
FROM pg_catalog.pg_index x
JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname = %(schema)s
