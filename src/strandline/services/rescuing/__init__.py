"""Room: what is missing or bad is looked for in folders that a person names, and brought back."""
