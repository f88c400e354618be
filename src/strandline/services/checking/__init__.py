"""Checking: what notes refer to, compared with the files that are there. Changes nothing, and needs no catalog."""
