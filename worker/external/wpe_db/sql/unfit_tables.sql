SELECT c.relname::text,
       CASE c.relkind WHEN 'p' THEN 'a partitioned table' WHEN 'f' THEN 'a foreign table'
                      WHEN 'v' THEN 'a view' WHEN 'm' THEN 'a materialized view' END,
       row_security_active(c.oid)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %(schema)s
  AND (c.relname = ANY (%(events)s) AND c.relkind IN ('p', 'f', 'v', 'm')
       OR c.relname = ANY (%(events)s || %(others)s) AND c.relkind IN ('r', 'p') AND row_security_active(c.oid))
ORDER BY c.relname
