"""Floor 3: what Strandline does, a verb a file. Each looks, decides (in ``model``) and does."""
