"""Inspecting: what is in a storage directory, compared with the catalog; nothing is changed."""
