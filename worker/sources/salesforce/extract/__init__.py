"""How Salesforce documents are fetched, one module a kind."""
