-- Until when one slice of a source (a member's bugs) is covered.
CREATE TABLE {schema}.etl_coverage (
    source_kind_id text NOT NULL,
    slice          text NOT NULL,
    covered_until  timestamptz NOT NULL,
    run            bigint,
    PRIMARY KEY (source_kind_id, slice)
);
