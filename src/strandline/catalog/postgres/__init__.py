"""The catalog in PostgreSQL, shared by many machines. Nothing here is imported unless ``catalog.url`` is set."""
