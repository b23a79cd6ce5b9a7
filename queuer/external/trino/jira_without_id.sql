-- Rows that no job can name: they are counted and reported.
SELECT count(*) AS documents
FROM jira.issues
WHERE id IS NULL OR id = ''
