INSERT INTO {schema}.etl_unfinished AS held (source_kind_id, job_id, input, attempts, error)
VALUES (%(source)s, %(job_id)s, %(input)s, %(attempts)s, %(error)s)
ON CONFLICT (source_kind_id, job_id) DO UPDATE
SET attempts = held.attempts + excluded.attempts, error = excluded.error, last_tried = clock_timestamp()
