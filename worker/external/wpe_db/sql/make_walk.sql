INSERT INTO {schema}.etl_walks (made_for, source_kind_id, run, date_start, date_end, named_dates)
VALUES (%(run)s, %(source)s, %(run)s, %(date_start)s, %(date_end)s, %(named_dates)s)
ON CONFLICT (made_for) DO NOTHING
