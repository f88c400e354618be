"""Work on many machines: planned, shown, and stopped by anybody, and done by worker processes (SPEC §25).

Nothing here is imported unless the catalog is shared.
"""
