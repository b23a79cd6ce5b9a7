-- Rows that no job can name, for want of an id that Jira can have: they are counted and reported.
SELECT count(*) AS documents
FROM jira.issues
WHERE id IS NULL OR NOT regexp_like(id, '\A[0-9A-Za-z_.-]{1,100}\z')
