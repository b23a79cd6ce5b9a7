CREATE TABLE IF NOT EXISTS {schema}.etl_watermarks (
    {columns}
);
