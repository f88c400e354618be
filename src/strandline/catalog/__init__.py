"""Floor 2: what this machine believes, in one SQLite database that can be deleted and rebuilt."""
