"""Saving: pictures are taken in and written whole, once."""
