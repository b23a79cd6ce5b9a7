SELECT format('%%s on %%s', p.privilege, c.relname),
       format('GRANT %%s ON %%I.%%I TO %%I;', p.privilege, n.nspname, c.relname, current_user)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p (privilege)
WHERE n.nspname = %(schema)s
  AND c.relkind IN ('r', 'p')
  AND c.relname = ANY (%(tables)s)
  AND NOT has_table_privilege(c.oid, p.privilege)
UNION ALL
SELECT 'TEMPORARY on the database',
       format('GRANT TEMPORARY ON DATABASE %%I TO %%I;', current_database(), current_user)
WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')
UNION ALL
SELECT format('USAGE on sequence %%s', s.relname),
       format('GRANT USAGE ON SEQUENCE %%I.%%I TO %%I;', n.nspname, s.relname, current_user)
FROM pg_catalog.pg_class s
JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
JOIN pg_catalog.pg_depend d ON d.objid = s.oid AND d.deptype = 'a'
JOIN pg_catalog.pg_class c ON c.oid = d.refobjid
WHERE n.nspname = %(schema)s
  AND c.relname = ANY (%(tables)s)
  AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') ELSE false END
