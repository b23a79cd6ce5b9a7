CREATE TABLE IF NOT EXISTS {schema}.etl_unfinished (
    {columns},
    PRIMARY KEY (source_kind_id, job_id)
);
