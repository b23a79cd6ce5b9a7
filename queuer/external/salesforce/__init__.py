"""The backlog questions that this process asks Salesforce, one .soql file each."""
