"""Storage directories: added, identified, named, moved, confirmed; whether each exists and may be written to."""
