-- Everybody may make temporary tables, unless somebody took that away.
DO $etl$
BEGIN
    IF NOT has_database_privilege({role_name}, current_database(), 'TEMPORARY') THEN
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I', current_database()) || {to_role};
    END IF;
END
$etl$
