DECLARE
    at timestamptz := coalesce(
        nullif(current_setting('temporaletl.loaded_at', true), '')::timestamptz, clock_timestamp());
    by_run bigint := nullif(current_setting('temporaletl.run_id', true), '')::bigint;
BEGIN
    IF current_setting('temporaletl.keep', true) = 'off' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN
        INSERT INTO {history} (change, replaced_at, replaced_by_run, {columns})
        SELECT 'retired', at, by_run, {former}
        FROM former o
        WHERE o.document_id IS NOT NULL OR by_run IS NOT NULL;
    ELSE
        INSERT INTO {history} (change, replaced_at, replaced_by_run, {columns})
        SELECT 'updated', at, by_run, {former}
        FROM former o LEFT JOIN latter n ON n.id = o.id
        WHERE (o.document_id IS NOT NULL OR by_run IS NOT NULL)
          AND ({former_content}) IS DISTINCT FROM ({latter_content});
    END IF;
    RETURN NULL;
END
