SELECT DISTINCT system FROM {schema}.etl_identities
