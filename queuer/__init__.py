"""The queuer process: decides what has to be fetched and starts the jobs."""
