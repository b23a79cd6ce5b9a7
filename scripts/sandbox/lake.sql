-- The lake's tables, and functions that answer as Trino's do.
-- Where Trino answers NULL or fails, so must we: a scalar of an object is NULL, the greatest of anything
-- and NULL is NULL, and the two ways to read a time refuse each other's spelling. What DuckDB will not
-- read, or reads against the standard, is read as Trino reads it: up to the damage. A lambda binds what
-- would be evaluated (parsed) twice.
set memory_limit = '4GB';
set threads = 2;
set force_compression = 'uncompressed';
create macro lake.is_json(text) as
    json_valid(text) and not contains(text, 'NaN') and not contains(text, 'Infinity');
create macro lake.trino_json(text, path) as
    case when json_valid(text) then json_extract(text, path) end;
create macro lake.sound(text) as case when json_valid(text) then text end;
create table lake.damaged (place ubigint primary key, sound varchar, whole varchar);
create macro lake.remains(text) as
    (select map(list(place), list({'sound': sound, 'whole': whole})) from lake.damaged)[hash(text)];
create macro lake.scalar_of(found) as
    list_transform([found], lambda value: case when left(value, 1) not in ('{', '[') then value ->> '$' end)[1];
create macro lake.size_of(found) as
    list_transform([found], lambda value: case left(value, 1)
        when '[' then cast(json_array_length(value) as bigint)
        when '{' then len(json_keys(value))
        else case when value is not null then 0 end end)[1];
create macro lake.trino_json_scalar(text, path) as
    lake.scalar_of(case when lake.is_json(text) then json_extract(text, path)
        else json_extract(coalesce(lake.remains(text).sound, lake.sound(text)), path) end);
create macro lake.trino_json_size(text, path) as
    lake.size_of(case when lake.is_json(text) then json_extract(text, path)
        else json_extract(coalesce(lake.remains(text).whole, lake.sound(text)), path) end);
create macro lake.trino_greatest(listed) as
    list_transform([listed],
        lambda entries: case when len(entries) = list_count(entries) then list_max(entries) end)[1];
create macro lake.is_offset(text) as
    regexp_matches(text, '[+-]((0\d|1[0-3])(:?[0-5]\d)?|14(:?00)?)$');
create macro lake.is_iso_time(text) as regexp_full_match(text,
    '\d{4}-\d{2}-\d{2}(T([01]\d|2[0-3]):\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?)?');
create macro lake.offset_with_colon(text) as
    replace(regexp_replace(text, '(T.*[+-]\d{2})(\d{2})$', '\1:\2'), ',', '.');
create macro lake.read_iso_time(text) as date_trunc('millisecond', cast(
    case when regexp_matches(text, 'T.*[+-]\d') and not lake.is_offset(text)
         then 'NOT_SUPPORTED: offset of ' || text else lake.offset_with_colon(text) end as timestamptz));
create macro lake.trino_iso_time(value) as
    list_transform([value], lambda text: lake.read_iso_time(
        case when text is null or lake.is_iso_time(text) then text
             else 'INVALID_FUNCTION_ARGUMENT: ' || text end))[1];
create macro lake.trino_try_iso_time(value) as
    list_transform([value],
        lambda text: case when lake.is_iso_time(text) then lake.read_iso_time(text) end)[1];
create macro lake.is_sql_time(text) as regexp_full_match(text,
    '\d{4}-\d{1,2}-\d{1,2}( (([01]?\d|2[0-3]):\d{1,2}(:\d{1,2}(\.\d{1,12})?)?)?\s*'
    || '(Z|UTC|GMT|CET|[A-Z][A-Za-z]+/[A-Za-z0-9_/+-]+|[+-]\d{2}(:?\d{2})?)?)?');
create macro lake.zone_at_once(text) as
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(trim(text),
        '^([0-9-]+) +([A-Z+-])', '\1 00:00:00 \2'),
        '\s+([+-]\d{2}|Z$)', '\1'),
        '\s+([A-Z])', ' \1'),
        '(:.*[+-]\d{2})(\d{2})$', '\1:\2');
create macro lake.trino_try_timestamptz(value) as
    list_transform([cast(value as varchar)], lambda text:
        case when lake.is_sql_time(text) and (not regexp_matches(text, ' .*[+-]\d') or lake.is_offset(text))
             then date_trunc('millisecond',
                try_cast(lake.zone_at_once(text) as timestamptz) + interval 500 microseconds) end)[1];
create schema lake.jira;
create table lake.jira.numbered (number integer, id varchar, key varchar, self varchar, fields varchar,
    changelog varchar);
create table lake.jira.users (accountid varchar, emailaddress varchar);
create view lake.jira.issues as select id, key, self, fields, changelog from lake.jira.numbered;
