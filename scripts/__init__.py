"""What developers run: checks, tests, the demo and the sandbox it plays in. Not shipped."""
