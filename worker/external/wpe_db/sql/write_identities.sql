-- An employee id once known stays known. Rows with nothing new are left out before the upsert, which
-- would lock and rewrite them; that they were seen is noted once a day.
INSERT INTO {schema}.etl_identities AS held (system, account, employee_id, pseudonym)
SELECT seen.system, seen.account, seen.employee_id, seen.pseudonym
FROM unnest(%(systems)s::text[], %(accounts)s::text[], %(employee_ids)s::text[], %(pseudonyms)s::text[])
    AS seen (system, account, employee_id, pseudonym)
LEFT JOIN {schema}.etl_identities AS former USING (system, account)
WHERE former.account IS NULL
   OR (former.employee_id IS NULL AND seen.employee_id IS NOT NULL)
   OR former.pseudonym <> seen.pseudonym
   OR former.last_seen < clock_timestamp() - interval '1 day'
ON CONFLICT (system, account) DO UPDATE
SET employee_id = coalesce(held.employee_id, excluded.employee_id),
    pseudonym = excluded.pseudonym,
    last_seen = clock_timestamp(),
    changed_at = CASE
        WHEN held.employee_id IS NULL AND excluded.employee_id IS NOT NULL THEN clock_timestamp()
        ELSE held.changed_at
    END
RETURNING employee_id IS NOT NULL AND changed_at >= now()
