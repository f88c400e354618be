"""``.strandlineignore`` in a folder of named pictures: what it names is neither listed nor missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.named_vault import list_events, put
from builders.storage import make_pictures
from strandline.model.events import ImageEvent
from strandline.model.reports import ScanReport
from strandline.services.inspecting.inspect import inspect_storage_dir
from strandline.services.proving.arrivals import Arrival, look_at_arrival
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Workbench

ONE, TWO, THREE = make_pictures(3)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with pictures in three folders."""
    root = tmp_path / "Vault"
    put(root, "note.md", b"")
    put(root, "keep/one.png", ONE)
    put(root, "build/two.png", TWO)
    put(root, "build/deep/three.png", THREE)
    return root


def scan(bench: Workbench) -> ScanReport:
    """A scan of the vault as it is now."""
    return scan_storage_dir(bench, get_by_number(bench, 1))


def list_known(bench: Workbench) -> list[str]:
    """The paths of all rows."""
    with bench.catalog.read() as reader:
        rows = [*reader.files.list_some_paths(1, limit=99)]
        return sorted({*rows, *(row.path for row in reader.files.iter_noteworthy_rows(1))})


def count_told(bench: Workbench) -> int:
    """How many events about images there were."""
    return sum(isinstance(event, ImageEvent) for event in list_events(bench))


def test_what_is_ignored_is_no_image(bench: Workbench, vault: Path) -> None:
    """Also for a single arrival, and for an inspection. A line may make an exception."""
    put(vault, ".strandlineignore", b"# made by the site\nbuild/\n*.jpg\n!keep/*.jpg\n")
    put(vault, "x.jpg", ONE)
    sd = add_storage_dir(bench, vault).sd
    assert list_known(bench) == ["keep/one.png"]
    assert look_at_arrival(bench, sd, "build/two.png") is Arrival.NOTHING
    assert look_at_arrival(bench, sd, "build") is Arrival.NOTHING
    assert look_at_arrival(bench, sd, "x.jpg") is Arrival.NOTHING
    status = inspect_storage_dir(bench, sd)
    assert (status.on_disk_count, status.in_catalog_count, status.on_disk_not_in_catalog) == (1, 1, [])


def test_what_is_ignored_later_is_dropped_in_silence(bench: Workbench, vault: Path) -> None:
    """It is not gone, so nothing is missing, and no brake is pulled. And it comes back as what it is."""
    add_storage_dir(bench, vault)
    told = count_told(bench)
    put(vault, ".strandlineignore", b"/build/\n")
    scan(bench)
    assert list_known(bench) == ["keep/one.png"]
    assert count_told(bench) == told
    (vault / ".strandlineignore").unlink()
    assert scan(bench).added == 2
    assert list_known(bench) == ["build/deep/three.png", "build/two.png", "keep/one.png"]


def test_what_was_missing_is_forgotten_if_it_is_ignored(bench: Workbench, vault: Path) -> None:
    """A person who ignores a folder does not want to hear of it."""
    add_storage_dir(bench, vault)
    (vault / "build/two.png").unlink()
    scan(bench)
    assert "build/two.png" in list_known(bench)
    put(vault, ".strandlineignore", b"build")
    scan(bench)
    assert list_known(bench) == ["keep/one.png"]


def test_a_file_that_cannot_be_read_changes_nothing(
    bench: Workbench, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it said before holds. A list of more than a megabyte says nothing."""
    put(vault, ".strandlineignore", b"build\n")
    add_storage_dir(bench, vault)
    with monkeypatch.context() as patch:
        patch.setattr("strandline.folders.tree.read_piece", _refuse)
        scan(bench)
        assert list_known(bench) == ["keep/one.png"]
    put(vault, ".strandlineignore", b"build\n" * 200_000)
    assert scan(bench).added == 2


def _refuse(*_arguments: object) -> None:
    raise PermissionError(13, "Permission denied")
