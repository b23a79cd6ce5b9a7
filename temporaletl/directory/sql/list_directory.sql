SELECT * FROM directory
