-- A job that the run has only found running stands under the run that noted it first, or has no attempt.
UPDATE {schema}.etl_unfinished AS job
SET attempts = job.attempts - 1
FROM {schema}.etl_runs AS run
WHERE run.id = %(run)s AND run.finished IS NULL
  AND job.source_kind_id = %(source)s AND job.run = run.id AND job.attempts > 0
