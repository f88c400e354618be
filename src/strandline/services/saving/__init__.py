"""Saving: pictures are taken in and written whole, once; and the trash for bytes that a save replaces."""
