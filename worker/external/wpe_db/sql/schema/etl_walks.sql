-- The ways of runs through the backlog of a window, as far as they are not finished.
CREATE TABLE IF NOT EXISTS {schema}.etl_walks (
    {columns}
);
