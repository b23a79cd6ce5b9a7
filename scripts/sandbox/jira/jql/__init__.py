"""The part of JQL that clients page with: how it is read, and which issues it means."""
