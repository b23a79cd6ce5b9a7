"""The warehouse: its schema, staging, exact loads, and the ledgers of runs and people."""
