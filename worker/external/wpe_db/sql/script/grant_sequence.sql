-- The numbers of a table of the earlier tool's layout come from a sequence.
DO $etl$
DECLARE
    numbers text := pg_get_serial_sequence({events_name}, 'id');
BEGIN
    IF numbers IS NOT NULL THEN
        EXECUTE 'GRANT USAGE ON SEQUENCE ' || numbers || {to_role};
    END IF;
END
$etl$
