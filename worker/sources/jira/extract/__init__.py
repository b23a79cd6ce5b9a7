"""How Jira documents are fetched, one module a kind."""
