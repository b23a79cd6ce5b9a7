"""A real Trino on this machine, in memory: the judge of what the sandbox's Trino answers."""
