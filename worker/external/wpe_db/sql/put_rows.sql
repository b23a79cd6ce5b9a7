UPDATE {schema}.etl_staging
SET ledger = %(ledger)s, rows = %(rows)s, summary = %(summary)s, raw = NULL
WHERE block_id = %(block_id)s AND raw IS NOT NULL
RETURNING summary
