SELECT counts FROM {schema}.etl_batches WHERE block_id = %(block_id)s
