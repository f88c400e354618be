"""Log levels: their names, and how the command line changes the one of the settings. Pure."""

from __future__ import annotations

LOG_LEVELS = ("error", "warning", "info", "debug")
"""From the quietest to the most talkative."""


def choose_log_level(setting: str, verbose: int, quiet: bool) -> str:
    """The level of one run: one step more talkative for each ``-v``, and errors only with ``-q``."""
    if quiet:
        return LOG_LEVELS[0]
    return LOG_LEVELS[min(LOG_LEVELS.index(setting) + verbose, len(LOG_LEVELS) - 1)]
