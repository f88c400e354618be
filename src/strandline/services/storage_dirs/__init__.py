"""Storage directories: added, identified, named, moved, confirmed; whether each is there and may be written to."""
