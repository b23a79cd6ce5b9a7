DELETE FROM {schema}.etl_walks WHERE made_for = %(walk)s AND run = %(run)s
