"""Proving: files are read and checked against their ids: arrivals at once, the backlog when there is time."""
