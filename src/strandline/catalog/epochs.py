"""Epochs: the range in which numbers of the journal can be compared.

A commit that was not durable can be lost in a power cut, and the numbers of its events are then given again. So an
epoch belongs to one database and one start of the machine. A client that knows another epoch is told to start over,
so it cannot miss an event that has the number of one that it has seen. A new epoch begins at each start of the
machine, even if nothing was lost, and only on Linux, where a restart is cheap to detect.
"""

from __future__ import annotations

from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Random text, new with each start of the machine."""

BOOT_DIGITS = 8
"""Enough to tell two starts apart."""


def format_epoch(database: str) -> str:
    """The epoch of the database since the machine was started, as letters and digits. Cost: one small read."""
    try:
        return database + BOOT_ID.read_text(encoding="ascii")[:BOOT_DIGITS]
    except (OSError, ValueError):
        return database
