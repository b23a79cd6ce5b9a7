-- In the order of bytes, which is the same on every server, and whatever type the employee id has.
SELECT listed.*, btrim(listed.employee_id::text) AS member_key
FROM (
{query}
) AS listed
WHERE btrim(listed.employee_id::text) <> ''
  AND (
      %(after)s::text IS NULL
      OR btrim(listed.employee_id::text) COLLATE "C" > %(after)s::text
  )
ORDER BY btrim(listed.employee_id::text) COLLATE "C"
