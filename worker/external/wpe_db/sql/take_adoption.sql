-- One worker at a time: until this transaction ends.
SELECT pg_try_advisory_xact_lock(hashtext('temporaletl adoption'), hashtext(%(table)s))
