DELETE FROM {schema}.etl_staging WHERE block_id = %(block_id)s
