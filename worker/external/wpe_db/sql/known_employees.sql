SELECT account, employee_id
FROM {schema}.etl_identities
WHERE system = %(system)s
  AND account = ANY (%(accounts)s::text[])
  AND employee_id IS NOT NULL
