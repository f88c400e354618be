"""The same rules as for all tests, and a home on an ordinary disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from strandline.folders import filesystems
from trials.mounts.mounting import mount_tree


@pytest.fixture
def mounts(tmp_path: Path) -> Iterator[Path]:
    """A folder for mount points. At the end, everything below it is unmounted."""
    with mount_tree(tmp_path / "mounts") as folder:
        yield folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty STRANDLINE_HOME on the machine's own disk."""
    path = tmp_path / "home"
    path.mkdir()
    monkeypatch.setenv("STRANDLINE_HOME", str(path))
    return path


@pytest.fixture(autouse=True)
def mounts_are_noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of mounts is cached for three seconds. People do not look sooner after a mount, but tests do."""
    monkeypatch.setattr(filesystems, "_FRESH_FOR_S", 0.0)
