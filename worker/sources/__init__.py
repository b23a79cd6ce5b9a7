"""One folder a source; every module below is imported at start."""
