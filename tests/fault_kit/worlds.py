"""A home and storage directories that can be reset to an earlier state, and what must always be true of them.

A world is built once, stored, and restored before each run. What surprises: files of storage directories are stored
as hard links, so inode and times are restored with them. If a run wrote into a file, it would be detected at once,
because the stored one would change as well. A :class:`Picture` of a world has everything that matters: two runs with
the same result have equal pictures, whatever ids they generated on the way.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from builders.catalogs import list_rows, sql_of
from builders.machine import Machine, open_machine
from strandline.folders.temporaries import TEMPORARY_NAME
from strandline.model.exports import MANIFEST, SHEET, format_manifest
from strandline.model.identity.sd_ids import find_identity_in
from strandline.services.proving.backlog import verify_unproven
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.presence import reconsider_storage_dirs

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PARTS = re.compile(r"\.strandline-[a-z0-9_]{8}\.part")
"""What a kill leaves beside a new file outside of storage directories."""
_HOME_NAMES = re.compile(r"catalog\.db(-wal|-shm|-journal)?|scratch|cache|trash|scans|logs|config\.toml")


@dataclass(frozen=True)
class Picture:
    """The final state of a world. Ids that a run generated appear as ``new``."""

    files: dict[str, bytes]
    """Files in the storage directories, without temporaries."""
    identities: dict[str, tuple[str, tuple[str, ...], str]]
    """Of each storage directory: identity, aliases, state."""
    rows: dict[str, tuple[str, bool]]
    """Of each known file: its state, and whether it is proven."""
    announced: dict[str, int]
    """How often ``image.available`` was published for each file."""
    trash: frozenset[tuple[str, str]]
    """Name and hash of the described bytes in the trash."""
    names: frozenset[tuple[object, object]]
    """Images, and the names that they came with."""
    outside: dict[str, bytes]
    """Files that were written outside of storage directories."""


@dataclass
class World:
    """A home, and storage directories beside it or on another disk."""

    folder: Path
    sds: Path
    writes_out: bool = False
    """A run may write to :attr:`out`."""
    _kept: dict[Path, Path] = field(default_factory=dict)
    _ids: frozenset[str] = frozenset()
    _before: dict[str, bytes] = field(default_factory=dict)
    _outside_before: dict[str, bytes] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """Where the catalog is."""
        return self.folder / "home"

    @property
    def written(self) -> Path:
        """What a run may write beside them, for a requested image."""
        return self.folder / "out.png"

    @property
    def undo(self) -> Path:
        """A file with what undoes a choice, if one was made."""
        return self.folder / "undo"

    @property
    def out(self) -> Path:
        """A folder that is no storage directory."""
        return self.folder / "out"

    @property
    def watched(self) -> tuple[Path, ...]:
        """The folders that a run may touch."""
        return (self.home, self.sds, *([self.out] if self.writes_out else []))

    def keep(self) -> None:
        """From now on, this is the state of the world before each run."""
        for folder in self.watched:
            folder.mkdir(exist_ok=True)
            self._kept[folder] = folder.with_name(f"{folder.name}.kept")
            self._copy(folder, self._kept[folder])
        self._before = _read_files(self.sds)
        self._outside_before = self._read_outside()
        values = (value.decode(errors="replace") for value in self._before.values())
        self._ids = frozenset(_UUID.findall(" ".join([*self._before, *values])))

    def put_back(self) -> None:
        """Undoes everything since :meth:`keep`."""
        for folder, kept in self._kept.items():
            shutil.rmtree(folder)
            self._copy(kept, folder)

    def _copy(self, source: Path, target: Path) -> None:
        is_home = self.home in (source, target)
        shutil.copytree(source, target, symlinks=True, copy_function=shutil.copy2 if is_home else _link)

    def check_nothing_half(self, allowed: dict[str, bytes], outside: dict[str, bytes] | None = None) -> None:
        """No file is half, nothing is lost, and the only litter is our own temporaries.

        Args:
            allowed: The files that may be new: their state after the run.
            outside: The same for files outside of storage directories.
        """
        self._check_outside(outside or {})
        now = _read_files(self.sds)
        for name, data in now.items():
            is_fine = data in (self._before.get(name), allowed.get(name)) or self._is_new_identity(name, data)
            assert is_fine, f"{name} holds {data[:60]!r} ({len(data)} bytes)"
        trashed = {digest for _, digest in self._list_trash()}
        kept_values = {found for data in now.values() if (found := find_identity_in(data[:300]))}
        for name, data in self._before.items():
            is_kept = now.get(name) == data or sha256(data).hexdigest() in trashed
            if allowed.get(name, data) != data:  # the name gets other bytes, and these get another name
                is_kept = is_kept or any(each == data == now.get(other) for other, each in allowed.items())
            assert is_kept or find_identity_in(data[:300]) in kept_values, f"{name} is lost"
        for kept in self._kept.values():
            if kept.name == f"{self.sds.name}.kept":
                assert _read_files(kept) == self._before, "a file was written into"
        odd = [name for name in os.listdir(self.home) if not _HOME_NAMES.fullmatch(name)]
        odd += [name for name in _list_names(self.home / "scratch") if not TEMPORARY_NAME.fullmatch(name)]
        assert odd == [], odd

    def _check_outside(self, allowed: dict[str, bytes]) -> None:
        now = self._read_outside()
        for name, data in now.items():
            is_begun = data == format_manifest([], [], complete=False)
            is_fine = is_begun or data in (self._outside_before.get(name), allowed.get(name))
            is_fine = is_fine or (name.endswith(".zip") and _is_part_of(data, allowed[name]))
            is_fine = is_fine or (Path(name).name in (SHEET, MANIFEST) and _is_whole_page(data))
            assert is_fine, f"{name} outside holds {data[:60]!r} ({len(data)} bytes)"
        assert self._outside_before.keys() <= now.keys(), "a file outside is lost"

    def _read_outside(self) -> dict[str, bytes]:
        found = _read_files(self.out) if self.writes_out else {}
        return {
            name: _without_time(data) for name, data in found.items() if not _PARTS.fullmatch(Path(name).name)
        }

    def remove_archives(self) -> None:
        """A person moves an archive away that lacks an image, to make another one."""
        for path in self.out.glob("*.zip"):
            path.unlink()

    def list_rows(self) -> list[tuple[object, ...]]:
        """Every row of the catalog: storage directory, name, state, and whether the file is absent."""
        with open_machine(self.folder) as machine, machine.bench.catalog.read() as reader:
            query = "SELECT sd, path, state, absent_since_us IS NOT NULL FROM image_files ORDER BY sd, path"
            return sql_of(reader).execute(query).fetchall()

    def picture(self) -> Picture:
        """Restarts, scans, and proves everything. Returns the final state; the catalog must be sound."""
        with open_machine(self.folder) as machine:
            assert machine.bench.catalog.check_integrity() == []
            for sd in reconsider_storage_dirs(machine.bench):
                scan_storage_dir(machine.bench, sd)
                verify_unproven(machine.bench, sd, may_read=lambda _: True)
            return self._paint(machine)

    def _paint(self, machine: Machine) -> Picture:
        rows: dict[str, tuple[str, bool]] = {}
        identities: dict[str, tuple[str, tuple[str, ...], str]] = {}
        names: dict[object, str] = {}
        with machine.bench.catalog.read() as reader:
            for sd in reader.sds.list_storage_dirs():
                names |= dict.fromkeys((sd.sd_id, *sd.aliases), sd.name)
                aliases = tuple(sorted(filter(self._is_old, sd.aliases)))
                identities[sd.name] = (self._name_id(sd.sd_id or "none"), aliases, sd.state.value)
                for row in list_rows(reader, sd.number):
                    rows[f"{sd.name}/{row.filename}"] = (row.state.value, row.proof_is_current)
            indexed = reader.trash.list_trashed()
            origins = reader.origins.list_origins()
        trash = self._list_trash()
        assert {(entry.filename, entry.sha256) for entry in indexed} <= trash
        told = [event.to_json() for event in machine.events("image.available")]
        files = {
            name: b"new" if self._is_new_identity(name, data) else data
            for name, data in _read_files(self.sds).items()
            if self._is_old(name.rpartition("SD_ID.was-")[2])
        }
        return Picture(
            files,
            identities,
            rows,
            Counter(f"{names[event['sd_id']]}/{event['filename']}" for event in told),
            frozenset(trash),
            frozenset((each["image_id"], each["original_name"]) for each in origins),
            self._read_outside(),
        )

    def _list_trash(self) -> set[tuple[str, str]]:
        """Name and hash of all bytes in the trash that have a description, which must be correct."""
        found = set()
        for entry in (self.home / "trash").rglob("about.json"):
            about = json.loads(entry.read_text())
            if not (entry.parent / about["filename"]).exists():
                continue  # nothing was moved, or it is half removed
            data = (entry.parent / about["filename"]).read_bytes()
            assert sha256(data).hexdigest() == about["sha256"]
            found.add((about["filename"], about["sha256"]))
        return found

    def _is_old(self, value: str) -> bool:
        return not _UUID.fullmatch(value) or value in self._ids

    def _name_id(self, value: str) -> str:
        return value if self._is_old(value) else "new"

    def _is_new_identity(self, name: str, data: bytes) -> bool:
        value = find_identity_in(data[:300])
        if Path(name).name == "SD_ID":
            return value is not None and value not in self._ids and data == f"{value}\n".encode()
        return value is not None and Path(name).name == f"SD_ID.was-{value}" and data == f"{value}\n".encode()


def _read_files(folder: Path) -> dict[str, bytes]:
    """All files below the folder except temporaries, by relative path."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and not TEMPORARY_NAME.fullmatch(path.name)
    }


def _without_time(data: bytes) -> bytes:
    """The same, if it is the export of a catalog: it says when it was made."""
    return re.sub(rb'"exported_at": *"[^"]*"', b'"exported_at": ""', data)


def _is_whole_page(data: bytes) -> bool:
    """Whether it is a page of an export, perhaps of one that had to leave something out."""
    return data.endswith(b"</html>\n") or isinstance(json.loads(data), dict)


def _is_part_of(data: bytes, full: bytes) -> bool:
    """Whether it is an archive that is whole, and has no other images and thumbnails than the full one."""
    with zipfile.ZipFile(BytesIO(data)) as part, zipfile.ZipFile(BytesIO(full)) as whole:
        files = {name for name in part.namelist() if name not in (SHEET, MANIFEST)}
        return part.testzip() is None and all(
            name in whole.namelist() and part.read(name) == whole.read(name) for name in files
        )


def _list_names(folder: Path) -> list[str]:
    return os.listdir(folder) if folder.is_dir() else []


def _link(source: str, target: str) -> None:
    os.link(source, target, follow_symlinks=False)
