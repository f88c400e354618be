"""Inspecting files that nobody has checked: which of them the system is asked about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.storage import make_pictures, make_storage_dir, name_of
from strandline.folders.filesystems import Mount, MountKind
from strandline.services.inspecting import inspect as inspect_module
from strandline.services.inspecting.inspect import inspect_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Workbench

PICTURES = make_pictures(12)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A storage directory with twelve images."""
    return make_storage_dir(tmp_path / "Notes", *PICTURES)


@pytest.mark.parametrize("kind", [MountKind.LOCAL, MountKind.NETWORK])
def test_what_a_mode_cannot_tell_is_asked(
    bench: Workbench, root: Path, monkeypatch: pytest.MonkeyPatch, kind: MountKind
) -> None:
    """A share may refuse each file, whatever its mode says. On a disk, modes tell nearly all, so few are tried."""
    monkeypatch.setattr(inspect_module, "UNCHECKED_TRIED_ON_DISK", 4)
    monkeypatch.setattr(os, "access", lambda _name, mode, **_: mode == os.F_OK)
    bench.find_mount = lambda _path: Mount(root, "test", kind, keeps_inodes=True, read_only=False)
    found = len(inspect_storage_dir(bench, add_storage_dir(bench, root).sd).unreadable)
    assert found == (4 if kind is MountKind.LOCAL else 12)


def test_a_closed_file_is_found_however_many_wait_for_their_check(
    bench: Workbench, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mode tells, so it need not be among those that are tried."""
    monkeypatch.setattr(inspect_module, "UNCHECKED_TRIED_ON_DISK", 0)
    closed = name_of(PICTURES[3])
    Path(root, "media", closed).chmod(0o200)
    monkeypatch.setattr(os, "access", lambda name, mode, **_: mode == os.F_OK or name != closed)
    status = inspect_storage_dir(bench, add_storage_dir(bench, root).sd)
    assert [item.filename for item in status.unreadable] == [closed]
