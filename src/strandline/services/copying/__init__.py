"""Room: copies of images are made, moved, and counted, within and between storage directories."""
