INSERT INTO {schema}.etl_meta AS held (name, value)
VALUES ('layout', {number}), ('oldest_layout', {oldest})
ON CONFLICT (name) DO UPDATE SET value = greatest(held.value, EXCLUDED.value)
