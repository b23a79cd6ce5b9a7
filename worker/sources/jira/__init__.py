"""Jira issues: how they are fetched, and which events each of them tells."""
