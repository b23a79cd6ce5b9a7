"""The demo: TemporalETL on this machine, with invented upstreams and everything else real."""
