"""Every system TemporalETL talks to, on this machine: real servers, real protocols, a seeded world."""
