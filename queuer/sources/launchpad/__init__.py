"""Launchpad: whose bugs, merge proposals and questions are to be fetched."""
