"""Salesforce cases: how they are fetched, and which events each of them tells."""
