UPDATE {schema}.etl_walks SET held = true, changed_at = clock_timestamp()
WHERE made_for = %(run)s AND named_dates
