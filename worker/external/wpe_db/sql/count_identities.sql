-- How many people (else accounts) the last reading found: last_seen moves once a day, hence the day's tolerance.
SELECT count(DISTINCT coalesce(employee_id, account))
FROM {schema}.etl_identities
WHERE system = %(system)s
  AND last_seen >= (
      SELECT max(last_seen) FROM {schema}.etl_identities WHERE system = %(system)s
  ) - interval '1 day'
