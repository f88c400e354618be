"""Exporting: images are copied out of storage directories, proven, to where a person wants them."""
