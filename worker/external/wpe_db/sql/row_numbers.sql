-- How far the sequences are that number the rows, and how far they can go: to their own end, or their column's.
-- What the role may not read has no last_value.
SELECT c.relname::text,
       format('ALTER TABLE %%I.%%I ALTER COLUMN id TYPE bigint;', n.nspname, c.relname)
       -- That of an identity column has the type of its column.
       || format(' ALTER SEQUENCE %%I.%%I %%sNO MAXVALUE;', q.schemaname, q.sequencename,
                 CASE a.attidentity WHEN '' THEN 'AS bigint ' ELSE '' END),
       q.last_value,
       least(q.max_value, CASE a.atttypid WHEN 'int4'::regtype THEN 2147483647 WHEN 'int2'::regtype THEN 32767
                                          ELSE q.max_value END)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'id' AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = c.oid AND f.adnum = a.attnum
JOIN pg_catalog.pg_depend d
  ON d.classid = 'pg_class'::regclass AND d.deptype = 'i' AND d.refobjid = c.oid AND d.refobjsubid = a.attnum
  OR d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
JOIN pg_catalog.pg_class s ON s.oid = CASE d.deptype WHEN 'i' THEN d.objid ELSE d.refobjid END AND s.relkind = 'S'
JOIN pg_catalog.pg_namespace m ON m.oid = s.relnamespace
JOIN pg_catalog.pg_sequences q ON q.schemaname = m.nspname AND q.sequencename = s.relname
WHERE n.nspname = %(schema)s AND c.relname = ANY (%(events)s) AND q.increment_by > 0 AND NOT q.cycle
ORDER BY c.relname
