-- Until when one slice of a source (a member's bugs) is covered.
CREATE TABLE IF NOT EXISTS {schema}.etl_coverage (
    {columns},
    PRIMARY KEY (source_kind_id, slice)
);
