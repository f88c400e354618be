"""The identity of a storage directory: its ids, what was seen of its identity files, and what to conclude from it."""
