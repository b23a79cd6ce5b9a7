DELETE FROM {schema}.etl_staging WHERE created < clock_timestamp() - %(older_than)s::interval
