"""Only what changed is read again: notes and pictures that are as they were cost one look each."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from time import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.clocks import FakeClock
from builders.pictures import make_picture
from builders.storage import make_pictures
from strandline.model.note_checks import CheckOptions, Finding
from strandline.notes.references import Form, Reference
from strandline.services.checking import picture_state, reading
from strandline.services.checking.check import check_path
from strandline.services.checking.memory import Memory
from strandline.services.checking.unchanged import from_text, to_text
from strandline.services.proving.prove import prove_file
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Workbench

ONE, TWO = make_pictures(2)
AN_HOUR_AGO = time() - 3600

REFERENCES = st.lists(
    st.builds(
        Reference,
        st.sampled_from(Form),
        st.text(),
        st.text(),
        st.integers(1),
        st.integers(1),
        st.booleans(),
        st.booleans(),
        st.lists(st.text(), max_size=3).map(tuple),
    )
)


def put(root: Path, name: str, data: bytes) -> None:
    """Writes a file as an hour ago."""
    (root / name).write_bytes(data)
    os.utime(root / name, (AN_HOUR_AGO, AN_HOUR_AGO))


@pytest.fixture
def vault(tmp_path: Path, bench: Workbench, clock: FakeClock) -> Path:
    """Two notes and a picture, checked once."""
    clock.set_wall_clock(datetime.now(UTC))
    root = tmp_path / "Vault"
    (root / ".obsidian").mkdir(parents=True)
    put(root, "one.png", ONE)
    put(root, "a.md", b"![[one.png]]\n\n![[lost.png]] <!-- strandline: ok -->\n")
    put(root, "b.md", b"no picture")
    add_storage_dir(bench, root)
    check(bench, root)
    return root


def check(bench: Workbench, root: Path) -> list[Finding]:
    """The findings, with what the catalog knows."""
    sd = get_by_number(bench, 1)
    report = check_path(
        str(root), CheckOptions(), {str(root): sd.sd_id or ""}, lambda _root: Memory(bench, sd)
    )
    return list(report.findings)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read from now on."""
    names: list[str] = []
    for module in (reading, picture_state):
        actual = module.read_file

        def read_file(path: str, limit: int, actual=actual) -> bytes:  # type: ignore[no-untyped-def]
            names.append(Path(path).name)
            return actual(path, limit)  # type: ignore[no-any-return]

        monkeypatch.setattr(module, "read_file", read_file)
    return names


def test_a_second_check_reads_nothing(bench: Workbench, vault: Path, read: list[str]) -> None:
    """And says the same."""
    assert check(bench, vault) == []
    assert read == []


def test_a_changed_note_is_read_again(bench: Workbench, vault: Path, read: list[str]) -> None:
    """Only that one, however often, until it was quiet for two seconds."""
    (vault / "b.md").write_text("![[gone.png]]")
    for _ in range(2):
        assert [each.target for each in check(bench, vault)] == ["gone.png"]
    assert read == ["b.md", "b.md"]
    put(vault, "b.md", b"![[gone.png]]")
    for _ in range(2):
        assert [each.target for each in check(bench, vault)] == ["gone.png"]
    assert read == ["b.md"] * 3


def test_a_changed_picture_is_read_again(bench: Workbench, vault: Path, read: list[str]) -> None:
    """Before any scan has seen the change, and after it."""
    put(vault, "one.png", ONE[:-20])
    assert [each.kind for each in check(bench, vault)] == ["arriving"]
    scan_storage_dir(bench, get_by_number(bench, 1))
    assert [each.kind for each in check(bench, vault)] == ["arriving"]
    assert read == ["one.png", "one.png"]


def put_half(vault: Path) -> None:
    """A part of the picture, last written to months ago."""
    (vault / "one.png").write_bytes(ONE[:-20])
    os.utime(vault / "one.png", (AN_HOUR_AGO - 90 * 86_400,) * 2)


def test_half_a_picture_that_came_today_with_an_old_date_is_arriving(
    bench: Workbench, vault: Path, clock: FakeClock
) -> None:
    """Sync clients keep dates. The catalog knows when it came, and the inspector says the same."""
    put_half(vault)
    assert [each.kind for each in check(bench, vault)] == ["damaged"]
    clock.pass_time(minutes=11)
    scan_storage_dir(bench, get_by_number(bench, 1))
    assert [each.kind for each in check(bench, vault)] == ["arriving"]


def test_half_a_picture_that_was_there_before_its_folder_is_judged_by_its_date(
    bench: Workbench, vault: Path
) -> None:
    """Nobody knows when it came, so the check says the same before and after the folder is added."""
    put_half(vault)
    scan_storage_dir(bench, get_by_number(bench, 1))
    assert [each.kind for each in check(bench, vault)] == ["damaged"]


def test_notes_that_are_gone_are_forgotten(bench: Workbench, vault: Path) -> None:
    """Also if only another note is checked."""
    (vault / "a.md").unlink()
    check(bench, vault)
    with bench.catalog.read() as reader:
        assert [path for path, _, _ in reader.notes.list_read(1)] == ["b.md"]


def test_a_catalog_that_cannot_be_written_spoils_no_check(
    bench: Workbench, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It only learns nothing."""
    put(vault, "b.md", b"![[gone.png]]")
    with bench.catalog.write():
        monkeypatch.setattr(type(bench.catalog), "write", _refuse)
        assert [each.target for each in check(bench, vault)] == ["gone.png"]


def _refuse(_catalog: object) -> None:
    from strandline.errors import CatalogLockedError

    raise CatalogLockedError("another process writes to it")


@given(REFERENCES)
def test_what_is_written_is_what_is_read(references: list[Reference]) -> None:
    """Every field of every reference."""
    assert from_text(to_text(references)) == references


def test_the_catalog_says_which_type_the_bytes_have(bench: Workbench, vault: Path, read: list[str]) -> None:
    """So a proven HEIC that is called like a JPEG is not opened to say that Obsidian does not show it."""
    put(vault, "IMG.jpg", make_picture("heic", seed=1))
    put(vault, "b.md", b"![[IMG.jpg]] ![[one.png]]")
    sd = get_by_number(bench, 1)
    scan_storage_dir(bench, sd)
    prove_file(bench, sd, "IMG.jpg")
    assert [(each.kind, each.target) for each in check(bench, vault)] == [("not-shown", "IMG.jpg")]
    assert "IMG.jpg" not in read
