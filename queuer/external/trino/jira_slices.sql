-- One page of the backlog, cut into slices of ids: the last id of each and how many issues it spans.
-- Values: the id before the page ('' for the first), window start (null: from the first change on), window
-- end, issues a page, issues a slice.
-- An issue's last change is the latest of its updated time and the created time of the first and the
-- last history: workflow migrations do not move updated. A row whose updated cannot be read is part of
-- every backlog. A time that lies far ahead is none: it would keep its issue out of every window, whatever
-- changes. Lakes put a T or a blank between day and time; a cast reads both once it is a blank.
-- No row may end the query, and TRY forgives less than it seems: not an offset beyond 14 hours in
-- from_iso8601_timestamp, nor a list nested beyond 1,000 in json_extract or its cast to an array.
-- An id that Jira cannot have is no id: it could break a job's input, or show an address in it.
WITH texts AS (
    SELECT
        id,
        json_extract_scalar(fields, '$.updated') AS updated_text,
        json_extract_scalar(changelog, '$.histories[0].created') AS first_text,
        json_extract_scalar(
            changelog,
            '$.histories['
                || CAST(nullif(json_size(changelog, '$.histories'), 0) - 1 AS varchar)
                || '].created'
        ) AS last_text
    FROM jira.issues
    WHERE id > ? AND regexp_like(id, '\A[0-9A-Za-z_.-]{1,100}\z')
),
times AS (
    SELECT
        id,
        TRY_CAST(substr(updated_text, 1, 10) || ' ' || substr(updated_text, 12) AS timestamp with time zone)
            AS updated,
        TRY_CAST(substr(first_text, 1, 10) || ' ' || substr(first_text, 12) AS timestamp with time zone)
            AS first_created,
        TRY_CAST(substr(last_text, 1, 10) || ' ' || substr(last_text, 12) AS timestamp with time zone)
            AS last_created
    FROM texts
),
believed AS (
    SELECT
        id,
        CASE WHEN updated < current_timestamp + INTERVAL '1' DAY THEN updated END AS updated,
        CASE WHEN first_created < current_timestamp + INTERVAL '1' DAY THEN first_created END AS first_created,
        CASE WHEN last_created < current_timestamp + INTERVAL '1' DAY THEN last_created END AS last_created
    FROM times
),
changes AS (
    SELECT
        id,
        updated,
        greatest(updated, coalesce(first_created, updated), coalesce(last_created, updated)) AS last_change
    FROM believed
),
page AS (
    SELECT DISTINCT id
    FROM changes
    WHERE updated IS NULL OR (last_change >= coalesce(CAST(? AS timestamp with time zone), last_change)
        AND last_change < CAST(? AS timestamp with time zone))
    ORDER BY id
    LIMIT ?
),
numbered AS (
    SELECT id, row_number() OVER (ORDER BY id) AS place FROM page
)
SELECT max(id) AS upto, count(*) AS documents
FROM numbered
GROUP BY floor((place - 1) / ?)
ORDER BY upto
