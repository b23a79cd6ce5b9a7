-- One page of the backlog, cut into slices of ids: the last id of each and how many issues it spans.
-- Values: the id before the page ('' for the first), window start, window end, issues a page, issues a slice.
-- An issue's last change is the latest of its updated time and the created time of the first and the
-- last history: workflow migrations do not move updated. Lakes spell times in two ways, and each of the
-- two readers refuses the other's. A row whose updated cannot be read is part of every backlog.
-- An id that Jira cannot have is no id: it could break a job's input, or show an address in it.
WITH texts AS (
    SELECT
        id,
        json_extract_scalar(fields, '$.updated') AS updated_text,
        json_extract_scalar(changelog, '$.histories[0].created') AS first_text,
        json_extract_scalar(
            element_at(TRY(CAST(json_extract(changelog, '$.histories') AS array(json))), -1),
            '$.created'
        ) AS last_text
    FROM jira.issues
    WHERE id > ? AND regexp_like(id, '\A[0-9A-Za-z_.-]{1,100}\z')
),
times AS (
    SELECT
        id,
        coalesce(
            TRY(from_iso8601_timestamp(updated_text)),
            TRY_CAST(updated_text AS timestamp with time zone)
        ) AS updated,
        coalesce(
            TRY(from_iso8601_timestamp(first_text)),
            TRY_CAST(first_text AS timestamp with time zone)
        ) AS first_created,
        coalesce(
            TRY(from_iso8601_timestamp(last_text)),
            TRY_CAST(last_text AS timestamp with time zone)
        ) AS last_created
    FROM texts
),
changes AS (
    SELECT
        id,
        updated,
        greatest(updated, coalesce(first_created, updated), coalesce(last_created, updated)) AS last_change
    FROM times
),
page AS (
    SELECT DISTINCT id
    FROM changes
    WHERE updated IS NULL OR (last_change >= CAST(? AS timestamp with time zone)
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
