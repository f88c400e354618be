"""Which level the setting and the options of the command line choose."""

from __future__ import annotations

import pytest

from strandline.model.log_levels import LOG_LEVELS, choose_log_level


@pytest.mark.parametrize(
    ("setting", "verbose", "chosen"),
    [
        ("warning", 0, "warning"),
        ("warning", 1, "info"),
        ("warning", 2, "debug"),
        ("debug", 3, "debug"),
        ("error", 1, "warning"),
    ],
)
def test_each_v_is_one_step(setting: str, verbose: int, chosen: str) -> None:
    """From the level of the setting on, and never beyond the last one."""
    assert choose_log_level(setting, verbose, quiet=False) == chosen


@pytest.mark.parametrize("setting", LOG_LEVELS)
def test_quiet_leaves_errors(setting: str) -> None:
    """Whatever the setting is, and however many -v there are."""
    assert choose_log_level(setting, 2, quiet=True) == "error"
