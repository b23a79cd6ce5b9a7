"""The engine of the queuer: workflow, activities, and its two registries."""
