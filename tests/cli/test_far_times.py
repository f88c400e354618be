"""Days and ages at the ends of the calendar are days and ages as any other."""

from __future__ import annotations

import pytest

from builders.command_home import CommandHome
from builders.program import run


@pytest.mark.parametrize(
    "words", ["verify --since 999999w", "audit --since 999999d", "ls --to 9999-12-31", "ls --month 9999-12"]
)
def test_far_times_are_times(made: CommandHome, words: str) -> None:
    """They ended with an internal error, or were refused."""
    made.put(made.make_storage_dir())
    made.look()
    ran = run(*words.split())
    assert ran.status == 0, ran.stderr
