"""How Launchpad's documents are fetched: one walk, and what is particular about each type."""
