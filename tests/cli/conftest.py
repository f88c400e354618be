"""The fixture of most command-line tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.command_home import CommandHome


@pytest.fixture
def made(home: Path, tmp_path: Path) -> CommandHome:
    """An empty home and a folder for storage directories."""
    return CommandHome(home, tmp_path / "synced")
