INSERT INTO {schema}.etl_batches (block_id, source_kind_id, run)
VALUES (%(block_id)s, %(source)s, %(run)s)
ON CONFLICT (block_id) DO NOTHING
