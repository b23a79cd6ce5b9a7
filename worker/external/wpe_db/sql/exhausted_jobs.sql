SELECT job_id
FROM {schema}.etl_unfinished
WHERE source_kind_id = %(source)s AND attempts >= %(max_attempts)s
ORDER BY since, job_id
LIMIT %(limit)s
