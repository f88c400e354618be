"""Image files in the catalog: one row for each file of a storage directory that holds an image."""
