"""Floor 2: what a storage directory holds. The only room that touches files of a storage directory."""
