-- The ways of runs through the backlog of a window, as far as they are not finished.
CREATE TABLE {schema}.etl_walks (
    made_for       bigint PRIMARY KEY,
    source_kind_id text NOT NULL,
    run            bigint NOT NULL,
    date_start     date NOT NULL,
    date_end       date NOT NULL,
    named_dates    boolean NOT NULL,
    cursor         jsonb,
    held           boolean NOT NULL DEFAULT false,
    attempts       integer NOT NULL DEFAULT 0,
    error          text,
    since          timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
