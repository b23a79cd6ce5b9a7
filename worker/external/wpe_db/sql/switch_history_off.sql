-- For this transaction, where the trigger function in place knows that: else it would keep what is masked.
SELECT set_config('temporaletl.keep', 'off', true)
FROM pg_catalog.pg_proc
WHERE oid = to_regprocedure(%(keep)s) AND strpos(prosrc, 'temporaletl.keep') > 0
