"""Image bytes over HTTP: which bytes answer a request, ranges, and waiting for an image to arrive."""
