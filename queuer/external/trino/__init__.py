"""The backlog questions that this process asks Trino, one .sql file each."""
