-- The layout that the schema has, and the oldest layout of a worker that may load.
CREATE TABLE {schema}.etl_meta (
    {columns}
);
