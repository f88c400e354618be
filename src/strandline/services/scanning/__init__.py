"""Scanning: a media folder is listed, and the difference from the catalog is written to the catalog."""
