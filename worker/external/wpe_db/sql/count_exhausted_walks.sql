SELECT count(*)
FROM {schema}.etl_walks
WHERE source_kind_id = %(source)s AND attempts >= %(max_attempts)s
