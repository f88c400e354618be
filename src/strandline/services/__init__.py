"""Floor 3: what Strandline does, a verb a file. Each gets what it needs as arguments."""
