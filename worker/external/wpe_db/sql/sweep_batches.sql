DELETE FROM {schema}.etl_batches WHERE loaded_at < clock_timestamp() - %(batches_older_than)s::interval
