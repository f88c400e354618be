"""Floor 7: the command line. A face: it translates between a shell and the store, and decides nothing."""
