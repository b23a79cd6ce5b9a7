SELECT input
FROM {schema}.etl_unfinished
WHERE source_kind_id = %(source)s AND attempts < %(max_attempts)s AND job_id > %(after)s
ORDER BY job_id
LIMIT %(limit)s
