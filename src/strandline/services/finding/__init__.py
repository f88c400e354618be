"""Finding: an image by its id, wherever it is, and if it cannot be shown, the reason."""
