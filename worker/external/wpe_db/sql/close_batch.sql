UPDATE {schema}.etl_batches SET counts = %(counts)s WHERE block_id = %(block_id)s
