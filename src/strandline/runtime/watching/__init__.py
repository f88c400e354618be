"""Watching: arrivals are noticed, registered, proven, and announced; scans run in the background."""
