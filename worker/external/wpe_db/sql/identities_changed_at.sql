SELECT max(changed_at) FROM {schema}.etl_identities WHERE employee_id IS NOT NULL
