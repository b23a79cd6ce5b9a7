COPY pg_temp.etl_load_rows ({columns}) FROM STDIN
