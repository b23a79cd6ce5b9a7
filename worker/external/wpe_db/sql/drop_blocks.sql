DELETE FROM {schema}.etl_staging WHERE run = %(run)s
