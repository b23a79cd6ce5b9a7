CREATE TEMPORARY TABLE etl_load_rows (
    {columns}
) ON COMMIT DELETE ROWS
