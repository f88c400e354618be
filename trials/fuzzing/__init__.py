"""Coverage-guided fuzzing of everything that reads foreign input: names, files, requests."""
