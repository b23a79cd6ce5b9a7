-- Who ends the run waits for this lock, and we for theirs: no block is staged behind the back of drop_blocks.
WITH held AS MATERIALIZED (
    SELECT finished FROM {schema}.etl_runs WHERE id = %(run)s FOR SHARE
)
INSERT INTO {schema}.etl_staging (block_id, run, batch_no, raw)
SELECT %(block_id)s::uuid, %(run)s, %(batch_no)s::integer, %(raw)s
WHERE NOT EXISTS (SELECT FROM held WHERE finished IS NOT NULL)
