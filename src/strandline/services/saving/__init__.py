"""Saving: pictures taken in, written whole and once; and the trash for what a save replaces."""
