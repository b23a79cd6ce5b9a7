SELECT covered_until FROM {schema}.etl_watermarks WHERE source_kind_id = %(source)s
