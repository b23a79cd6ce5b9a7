-- The layout that the schema has, and the oldest layout of a worker that may load.
CREATE TABLE IF NOT EXISTS {schema}.etl_meta (
    {columns}
);
