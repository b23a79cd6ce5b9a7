"""A Launchpad of the sandbox's own: bugs, merge proposals and questions that the real launchpadlib reads."""
