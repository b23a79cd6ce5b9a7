SELECT count(*)
FROM {schema}.etl_unfinished
WHERE source_kind_id = %(source)s AND attempts >= %(max_attempts)s
