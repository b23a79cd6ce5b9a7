DELETE FROM {schema}.etl_unfinished WHERE source_kind_id = %(source)s AND job_id = %(job_id)s
