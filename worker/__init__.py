"""The worker process: fetches documents, shapes them into events, stores them."""
