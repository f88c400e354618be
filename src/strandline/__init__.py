"""Strandline: the image store for folders that sync themselves. Start reading in ``store.py``."""

__version__ = "0.1.0"
