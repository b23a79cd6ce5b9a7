CREATE TABLE {schema}.etl_watermarks (
    {columns}
);
