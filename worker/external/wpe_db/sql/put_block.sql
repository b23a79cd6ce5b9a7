INSERT INTO {schema}.etl_staging (block_id, run, batch_no, raw)
VALUES (%(block_id)s, %(run)s, %(batch_no)s, %(raw)s)
