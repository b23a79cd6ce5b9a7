"""The systems this process talks to."""
