SELECT accountId AS account, emailAddress AS address
FROM jira.users
WHERE accountId IS NOT NULL AND accountId <> ''
