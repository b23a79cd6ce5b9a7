-- Delivered again, a run's note of a job counts no further attempt. The job stands under the run of its last
-- attempt.
INSERT INTO {schema}.etl_unfinished AS held (source_kind_id, job_id, input, run, attempts, error)
VALUES (%(source)s, %(job_id)s, %(input)s, %(run)s, %(attempts)s, %(error)s)
ON CONFLICT (source_kind_id, job_id) DO UPDATE
SET attempts = held.attempts + CASE WHEN held.run = excluded.run THEN 0 ELSE excluded.attempts END,
    run = CASE WHEN excluded.attempts = 0 THEN held.run ELSE excluded.run END,
    error = excluded.error, last_tried = clock_timestamp()
