"""Room: all bytes are read again from time to time, and what went bad is healed from good bytes elsewhere."""
