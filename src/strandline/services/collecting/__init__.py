"""Room: pictures that no note of any storage directory names, and how they leave."""
