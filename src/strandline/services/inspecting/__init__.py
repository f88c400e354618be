"""Inspecting: the content of a storage directory, compared with the catalog. Nothing is changed."""
