"""The engine of the worker: workflow, activities, and the contract of its plug-ins."""
