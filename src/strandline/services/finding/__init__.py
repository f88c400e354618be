"""Finding: an image asked for by id, wherever it is, and why it is not shown when it cannot be."""
