"""Image bytes over HTTP: which bytes answer a request, ranges, waiting for an image to arrive."""
