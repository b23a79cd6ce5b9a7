-- Every row that ON CONFLICT meets costs an id, a lock and WAL: equal ones are left out before.
WITH fresh AS MATERIALIZED (
    SELECT t.* FROM pg_temp.etl_load_rows t
    WHERE NOT EXISTS (SELECT FROM {events} e
                      WHERE e.event_id = t.event_id AND e.content_hash = t.content_hash
                        AND e.document_id = t.document_id)
), merged AS (
    INSERT INTO {events} AS e ({columns})
    SELECT {columns} FROM fresh ORDER BY event_id COLLATE "C"
    ON CONFLICT (event_id) DO UPDATE SET {assignments}
    WHERE e.document_id IS NULL OR e.document_id = EXCLUDED.document_id OR {may_move}
    RETURNING e.xmax = 0 AS is_new
)
SELECT (SELECT count(*) FROM fresh),
       (SELECT count(*) FROM merged WHERE is_new),
       (SELECT count(*) FROM merged WHERE NOT is_new)
