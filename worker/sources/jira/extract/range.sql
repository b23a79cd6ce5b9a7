-- One page of whole issues of a range of ids, in id order.
-- Values: the id before the page ('' for the first), the last id of the range (twice; null: no end),
-- window start (null: from the first change on), window end, issues a page.
-- What counts as an issue's last change is what the backlog says; a row whose updated cannot be read is
-- part of every window. Of several rows of one issue the newest counts. Ids are the backlog's too.
WITH texts AS (
    SELECT
        id,
        key,
        self,
        fields,
        changelog,
        json_extract_scalar(fields, '$.updated') AS updated_text,
        json_extract_scalar(changelog, '$.histories[0].created') AS first_text,
        json_extract_scalar(
            changelog,
            '$.histories['
                || CAST(nullif(json_size(changelog, '$.histories'), 0) - 1 AS varchar)
                || '].created'
        ) AS last_text
    FROM jira.issues
    WHERE id > ? AND (CAST(? AS varchar) IS NULL OR id <= CAST(? AS varchar))
        AND regexp_like(id, '\A[0-9A-Za-z_.-]{1,100}\z')
),
times AS (
    SELECT
        id,
        key,
        self,
        fields,
        changelog,
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
        key,
        self,
        fields,
        changelog,
        CASE WHEN updated < current_timestamp + INTERVAL '1' DAY THEN updated END AS updated,
        CASE WHEN first_created < current_timestamp + INTERVAL '1' DAY THEN first_created END AS first_created,
        CASE WHEN last_created < current_timestamp + INTERVAL '1' DAY THEN last_created END AS last_created
    FROM times
),
changes AS (
    SELECT
        id,
        key,
        self,
        fields,
        changelog,
        updated,
        greatest(updated, coalesce(first_created, updated), coalesce(last_created, updated)) AS last_change
    FROM believed
),
ranked AS (
    SELECT
        id,
        key,
        self,
        fields,
        changelog,
        row_number() OVER (PARTITION BY id ORDER BY last_change DESC NULLS LAST) AS place
    FROM changes
    WHERE updated IS NULL OR (last_change >= coalesce(CAST(? AS timestamp with time zone), last_change)
        AND last_change < CAST(? AS timestamp with time zone))
)
SELECT id, key, self, fields, changelog
FROM ranked
WHERE place = 1
ORDER BY id
LIMIT ?
