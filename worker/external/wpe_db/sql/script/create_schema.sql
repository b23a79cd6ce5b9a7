-- Who owns the schema, and may make no other, need not be allowed to.
DO $etl$
BEGIN
    IF to_regnamespace({schema_name}) IS NULL THEN
        CREATE SCHEMA {schema};
    END IF;
END
$etl$
