"""Epochs: within which the numbers of the journal mean one and the same event.

A commit that nobody asked to be durable goes with the power, and the numbers of its events are given again. So an
epoch is that of a database and of a start of the machine: whoever knew another one is told to begin anew, and cannot
miss an event that has the number of one that he has seen. What surprises: that is so after each start of the
machine, also where nothing was lost; and only on Linux, which alone says cheaply that it was started anew.
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
