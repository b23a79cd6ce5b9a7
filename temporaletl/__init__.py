"""What both processes share: contract, registry, settings, errors, logs and the way to Temporal."""
