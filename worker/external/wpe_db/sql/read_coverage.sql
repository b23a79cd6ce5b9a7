-- Only a window that was open when the job began reaches to what comes next.
SELECT coalesce((c.covered_until AT TIME ZONE 'UTC')::date, %(beginning)s::date)
FROM {schema}.etl_runs r
LEFT JOIN {schema}.etl_coverage c ON c.source_kind_id = r.source_kind_id AND c.slice = %(slice)s
WHERE r.id = %(run)s AND r.date_end > (r.started AT TIME ZONE 'UTC')
