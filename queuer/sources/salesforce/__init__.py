"""Salesforce cases: which have changed, and the jobs that fetch them."""
