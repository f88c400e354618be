"""The numbers of an inspection add up, whatever happened to the folder since the last scan."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.clocks import FakeClock
from builders.storage import make_storage_dir, open_bench, rows_of
from strandline.model.image_files import FileState
from strandline.model.media_names import split_wanted_name
from strandline.model.storage_dirs import StorageDir
from strandline.services.inspecting.inspect import inspect_storage_dir
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import forget_storage_dir
from strandline.services.workbench import Workbench

NAMES = [f"{digit * 32}.{ext}" for digit in "abc" for ext in ("png", "PNG")]
NAMES += ["12345678-9abc-4def-8123-456789abcdef.jpg", "d" * 32 + ".heic"]

WAYS = st.sampled_from(
    ["nothing", "file", "other file", "empty", "placeholder", "both", "link", "folder", "two stubs"]
)
LAYOUTS = st.fixed_dictionaries(dict.fromkeys(NAMES, WAYS))
LITTER = st.sets(
    st.sampled_from([f"{'a' * 32} (1).png", ".DS_Store", ".x.png.icloud", "x.png.tmp", "note.md"])
)


def lay_out(media: Path, layout: dict[str, str], litter: set[str]) -> None:
    """Fills the media folder like this."""
    shutil.rmtree(media)
    media.mkdir()
    for name, way in layout.items():
        if way in ("file", "both"):
            (media / name).write_bytes(b"some")
        if way in ("other file", "empty"):
            (media / name).write_bytes(b"others" if way == "other file" else b"")
        if way in ("placeholder", "both", "two stubs"):
            (media / f".{name}.icloud").write_bytes(b"stub")
        if way == "two stubs":
            (media / f"{name}.nextcloud").write_bytes(b"s")
        if way == "link":
            (media / name).symlink_to("nowhere")
        if way == "folder":
            (media / name).mkdir()
    for name in litter:
        (media / name).write_bytes(b"litter")


@pytest.fixture(scope="module")
def machine() -> Iterator[tuple[Workbench, FakeClock, Path]]:
    """One workbench for all examples, each with its own storage directory."""
    with tempfile.TemporaryDirectory() as folder:
        clock = FakeClock()
        with open_bench(Path(folder, "home"), clock) as bench:
            yield bench, clock, Path(folder)


@given(
    layouts=st.lists(LAYOUTS, min_size=1, max_size=3),
    last=LAYOUTS,
    litter=LITTER,
    trashed=st.sets(st.sampled_from(NAMES)),
)
def test_what_is_on_disk_and_what_is_known_add_up(
    machine: tuple[Workbench, FakeClock, Path],
    layouts: list[dict[str, str]],
    last: dict[str, str],
    litter: set[str],
    trashed: set[str],
) -> None:
    """Law: on disk − not in catalog = in catalog − not on disk. Each list equals a plain comparison."""
    bench, clock, folder = machine
    root = make_storage_dir(Path(tempfile.mkdtemp(dir=folder)) / "Notes")
    sd = add_storage_dir(bench, root).sd
    for layout in layouts:
        lay_out(root / "media", layout, set())
        scan_storage_dir(bench, sd, prove_arrivals=False)
        clock.pass_time(minutes=2)
    move_to_trash(bench, sd, trashed)
    lay_out(root / "media", last, litter)
    status = inspect_storage_dir(bench, sd)

    files = {path.name for path in (root / "media").iterdir() if path.is_file() and not path.is_symlink()}
    files = {name for name in files if split_wanted_name(name) is not None}
    evicted = {name for name, way in last.items() if way in ("placeholder", "two stubs")}
    rows = rows_of(bench, sd)
    known = {name: row.stamp for name, row in rows.items() if row.state is not FileState.TRASHED}
    sizes = {name: (root / "media" / name).stat().st_size for name in files}
    assert status.on_disk_count == len(files | evicted)
    assert status.on_disk_bytes == sum(sizes.values())
    assert status.in_catalog_count == len(known)
    assert {item.filename for item in status.online_only} == evicted
    assert {item.filename for item in status.on_disk_not_in_catalog} == (files | evicted) - known.keys()
    assert {item.filename for item in status.in_catalog_not_on_disk} == known.keys() - files - evicted
    assert {item.filename for item in status.size_differs} == {
        name for name in files & known.keys() if (stamp := known[name]) and stamp.size_bytes != sizes[name]
    }
    assert {item.filename for item in status.symlinks} == {n for n, way in last.items() if way == "link"}
    on_disk, not_known = status.on_disk_count, len(status.on_disk_not_in_catalog)
    assert on_disk - not_known == status.in_catalog_count - len(status.in_catalog_not_on_disk)
    for name in status.LISTS:
        items = [item.filename for item in getattr(status, name)]
        assert len(items) == len(set(items))
    forget_storage_dir(bench, sd)


def move_to_trash(bench: Workbench, sd: StorageDir, names: set[str]) -> None:
    """As a person does. Only the rows matter here."""
    with bench.catalog.write() as writer:
        for row in writer.files.find_rows(sd.number, sorted(f"media/{name}" for name in names)).values():
            writer.files.update_row(row, replace(row, state=FileState.TRASHED))
