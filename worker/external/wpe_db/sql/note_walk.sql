-- After an error the walk is free again: delivered once more, that counts no further attempt.
UPDATE {schema}.etl_walks
SET cursor = %(cursor)s,
    run = CASE WHEN %(error)s::text IS NULL THEN run ELSE made_for END,
    attempts = attempts + CASE WHEN %(error)s::text IS NULL THEN 0 ELSE 1 END,
    error = coalesce(%(error)s, error),
    changed_at = clock_timestamp()
WHERE made_for = %(walk)s AND run = %(run)s
