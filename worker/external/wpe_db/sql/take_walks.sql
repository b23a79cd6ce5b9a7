-- Walks whose run has ended, but for those that this run's own window covers.
UPDATE {schema}.etl_walks AS taken
SET run = %(run)s, changed_at = clock_timestamp()
WHERE taken.made_for IN (
    SELECT walk.made_for
    FROM {schema}.etl_walks AS walk
    LEFT JOIN {schema}.etl_runs AS holder ON holder.id = walk.run
    WHERE walk.source_kind_id = %(source)s
      AND NOT walk.held
      AND walk.attempts < %(max_attempts)s
      AND walk.run <> %(run)s
      AND (holder.id IS NULL OR holder.finished IS NOT NULL)
      AND NOT (walk.date_start >= %(date_start)s AND walk.date_end <= %(date_end)s)
    ORDER BY walk.made_for
    LIMIT %(limit)s
    FOR UPDATE OF walk SKIP LOCKED
)
