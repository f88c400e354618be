"""The places on which the contract of a folder runs: this machine's disk, memory, a FUSE mount, and a bucket.

``place`` is a folder of the operating system, which has links and FIFOs. ``any_place`` is each kind.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders.identities import A
from builders.s3_server import S3Server
from builders.storage import make_storage_dir, open_bench
from builders.system_packages import require
from fault_kit.hard_disks import may_mount, small_disk
from strandline.folders import filesystems
from strandline.folders.filesystems import Mount, MountKind, find_mount
from strandline.folders.port import Folder
from strandline.model.storage_dirs import LayoutKind
from strandline.services.workbench import Limits, Workbench

MEMORY_KIB = 16 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """A storage directory without images, at one kind of place."""

    kind: str
    bench: Workbench
    root: Path

    @property
    def folder(self) -> Folder:
        """The port, as the program makes it."""
        return self.bench.folder_at(str(self.root))

    @property
    def media(self) -> Path:
        """Other programs change files there."""
        return self.root / "media"


@dataclass(frozen=True, slots=True)
class AnyPlace:
    """A storage directory without images, at any kind of place, and another program that changes it."""

    kind: str
    bench: Workbench
    root: str
    put: Callable[[str, bytes], object]
    """Another program writes a file with this path, and makes the folders on its way."""
    get: Callable[[str], bytes | None]
    remove: Callable[[str], object]

    @property
    def folder(self) -> Folder:
        """The port, as the program makes it."""
        return self.bench.folder_at(self.root)

    @property
    def named(self) -> Folder:
        """The same as a folder of named pictures."""
        return self.bench.folder_at(self.root, LayoutKind.NAMED)


@pytest.fixture(params=["ext4", "tmpfs", "fuse", pytest.param("bucket", marks=pytest.mark.slow)])
def any_place(
    request: pytest.FixtureRequest, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AnyPlace]:
    """A place of each kind."""
    monkeypatch.setattr(filesystems, "_FRESH_FOR_S", 0.0)
    if request.param == "bucket":
        server: S3Server = request.getfixturevalue("s3_server")
        other = server.make_place()
        other.put("SD_ID", f"{A}\n".encode())
        with open_bench(home, limits=Limits(s3=server.options)) as bench:
            yield AnyPlace("bucket", bench, other.address, other.put, other.get, other.delete)
        return
    with open_bench(home) as bench, mounted(request.param, tmp_path, bench) as point:
        root = make_storage_dir(point / "sd", sd_id=A)

        def put(path: str, data: bytes) -> None:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)

        def get(path: str) -> bytes | None:
            return (root / path).read_bytes() if (root / path).exists() else None

        yield AnyPlace(
            request.param, bench, str(root), put, get, lambda path: (root / path).unlink(missing_ok=True)
        )


@pytest.fixture(params=["ext4", "tmpfs", "fuse"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """``ext4`` stands for the tests' own disk, whatever it is."""
    monkeypatch.setattr(filesystems, "_FRESH_FOR_S", 0.0)
    with open_bench(home) as bench, mounted(request.param, tmp_path, bench) as point:
        yield Place(request.param, bench, make_storage_dir(point / "sd"))


@contextmanager
def mounted(kind: str, tmp_path: Path, bench: Workbench) -> Iterator[Path]:
    """An empty folder at a place of that kind.

    If this machine does not allow mounting, its own disk is used for all three. It is then only declared as FUSE,
    which determines limits and rules.
    """
    point = tmp_path / "point"
    point.mkdir()
    if kind == "tmpfs":
        with small_disk(point, MEMORY_KIB):
            yield point
    elif kind == "fuse" and may_mount() and os.path.exists("/dev/fuse"):
        bindfs = require("bindfs", "bindfs")
        (tmp_path / "behind").mkdir()
        subprocess.run([bindfs, tmp_path / "behind", point], check=True, timeout=20)
        try:
            yield point
        finally:
            subprocess.run(["umount", "--lazy", point], check=True, timeout=20)
    elif kind == "fuse":
        played = Mount(point, "fuse.played", MountKind.FUSE, keeps_inodes=False, read_only=False)
        bench.find_mount = lambda path: played if path.startswith(str(point)) else find_mount(path)
        yield point
    else:
        yield point
