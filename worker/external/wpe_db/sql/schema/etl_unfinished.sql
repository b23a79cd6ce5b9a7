CREATE TABLE {schema}.etl_unfinished (
    source_kind_id text NOT NULL,
    job_id         text NOT NULL,
    input          jsonb NOT NULL,
    run            bigint NOT NULL,
    attempts       integer NOT NULL DEFAULT 0,
    error          text,
    since          timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_tried     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source_kind_id, job_id)
);
