"""Scanning: a media folder is listed, and the difference from the catalog is written down."""
