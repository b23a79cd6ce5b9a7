"""Launchpad's bugs, merge proposals and questions: how they are fetched, and the events they tell."""
