INSERT INTO {schema}.etl_watermarks AS held (source_kind_id, covered_until, run)
VALUES (%(source)s, %(covered_until)s, %(run)s)
ON CONFLICT (source_kind_id) DO UPDATE
SET covered_until = excluded.covered_until, run = excluded.run, changed_at = clock_timestamp()
WHERE excluded.covered_until > held.covered_until
