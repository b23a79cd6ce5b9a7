INSERT INTO {schema}.etl_coverage AS held (source_kind_id, slice, covered_until, run)
SELECT source_kind_id, %(slice)s, started, id
FROM {schema}.etl_runs
WHERE id = %(run)s AND date_end > (started AT TIME ZONE 'UTC')
ON CONFLICT (source_kind_id, slice) DO UPDATE
SET covered_until = excluded.covered_until, run = excluded.run
WHERE excluded.covered_until > held.covered_until
