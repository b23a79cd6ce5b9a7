-- The run's own comes last.
SELECT made_for, date_start, date_end, cursor
FROM {schema}.etl_walks
WHERE run = %(run)s
ORDER BY made_for = run, made_for
