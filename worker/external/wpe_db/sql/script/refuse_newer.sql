DO $etl$
DECLARE
    found bigint;
BEGIN
    IF to_regclass({meta_name}) IS NOT NULL THEN
        SELECT value INTO found FROM {schema}.etl_meta WHERE name = 'layout';
    END IF;
    IF found > {number} THEN
        RAISE EXCEPTION 'the schema has layout %, this text is of layout {number}: print it by a worker of that release', found;
    END IF;
END
$etl$
