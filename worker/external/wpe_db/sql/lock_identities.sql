SELECT pg_advisory_xact_lock(hashtext('temporaletl'), hashtext('etl_identities'))
