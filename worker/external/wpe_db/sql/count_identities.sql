-- How many accounts the last reading found: last_seen moves once a day, hence the day's tolerance.
SELECT count(*)
FROM {schema}.etl_identities
WHERE system = %(system)s
  AND last_seen >= (
      SELECT max(last_seen) FROM {schema}.etl_identities WHERE system = %(system)s
  ) - interval '1 day'
