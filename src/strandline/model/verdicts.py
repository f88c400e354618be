"""Verdicts: the result for a requested image, in a word that every face translates."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The result for a requested image."""

    SHOWN = "shown"
    """It can be shown."""
    FROM_CONFLICT_COPY = "from-conflict-copy"
    """Only a sync client's conflict copy has its bytes. The image is shown from there."""
    ARRIVING = "arriving"
    ONLINE_ONLY = "online-only"
    DAMAGED = "damaged"
    FOREIGN = "foreign"
    UNREADABLE = "unreadable"
    """One of its files, or the media folder that may contain it, is here but cannot be read now."""
    SD_SUSPECT = "sd-suspect"
    """Its file is gone, but too many files of that folder are gone at once to draw conclusions."""
    SD_OFFLINE = "sd-offline"
    NOT_FOUND = "not-found"
