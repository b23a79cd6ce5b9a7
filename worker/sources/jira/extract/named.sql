-- One page of whole issues by id, in id order, whatever their last change.
-- Values: the ids as an array, the id before the page ('' for the first), rows a page.
SELECT id, key, self, fields, changelog
FROM jira.issues
WHERE id IN (SELECT wanted.id FROM UNNEST(?) AS wanted (id)) AND id > ?
ORDER BY id
LIMIT ?
