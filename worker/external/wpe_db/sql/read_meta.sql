SELECT name, value FROM {schema}.etl_meta
