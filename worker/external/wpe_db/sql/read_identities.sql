SELECT system, account, employee_id FROM {schema}.etl_identities WHERE employee_id IS NOT NULL
