"""Floor 1: values and rules. Pure: no I/O, no clock, no third-party import."""
