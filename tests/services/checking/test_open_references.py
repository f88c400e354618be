"""A watcher tells what notes miss: what is new since the last check, once, with a row for each open reference."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.named_vault import list_events, put
from builders.storage import make_pictures
from strandline.model.events import ReferenceEvent
from strandline.model.note_checks import FindingKind
from strandline.model.storage_dirs import StorageDirState
from strandline.services.checking import open_references
from strandline.services.checking.known_notes import check_notes
from strandline.services.checking.open_references import list_open_references, tell_check, tell_references
from strandline.services.status import measure_status
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.storage_dirs.presence import move_to_state
from strandline.services.workbench import Workbench

ONE, TWO = make_pictures(2)


@pytest.fixture
def vault(tmp_path: Path, bench: Workbench) -> Path:
    """A vault that misses one picture, and was checked once."""
    root = tmp_path / "Vault"
    put(root, ".obsidian/app.json", b"{}")
    put(root, "one.png", ONE)
    put(root, "a.md", b"![[one.png]]\n![](img/two.png)\n")
    add_storage_dir(bench, root)
    tell_references(bench, get_by_number(bench, 1))
    return root


def tell(bench: Workbench) -> list[tuple[str, str, int, str]]:
    """The news of one more check: type, note, line, and target."""
    before = len(list_events(bench))
    tell_references(bench, get_by_number(bench, 1))
    return [
        (event.type, event.note, event.line, event.target)
        for event in list_events(bench)[before:]
        if isinstance(event, ReferenceEvent)
    ]


def list_open(bench: Workbench) -> list[tuple[str, int, str, str | None]]:
    """What is open."""
    found = list_open_references(bench, get_by_number(bench, 1))
    return [(each.note, each.line, each.target, each.path) for each in found]


def test_the_first_check_only_learns(bench: Workbench, vault: Path) -> None:
    """As a first scan tells no image. What is missed is known all the same."""
    assert not [event for event in list_events(bench) if isinstance(event, ReferenceEvent)]
    assert list_open(bench) == [("a.md", 2, "img/two.png", "img/two.png")]
    assert tell(bench) == []
    assert vault.exists()


def test_a_path_from_the_root_has_no_folder_twice(bench: Workbench, vault: Path) -> None:
    """Of a wiki link in a folder to a picture that nobody has seen."""
    put(vault, "Garden/n.md", b"![[Garden/never.png]]\n")
    before = len(list_events(bench))
    assert [each[0] for each in tell(bench)] == ["reference.missing"]
    assert [event.path for event in list_events(bench)[before:] if isinstance(event, ReferenceEvent)] == [
        "Garden/never.png"
    ]


def test_what_comes_and_goes_is_told_once(bench: Workbench, vault: Path) -> None:
    """A picture that leaves, one that arrives, a note that changes."""
    (vault / "one.png").rename(vault / "uno.png")
    assert tell(bench) == [("reference.missing", "a.md", 1, "one.png")]
    assert tell(bench) == []
    put(vault, "img/two.png", TWO)
    assert tell(bench) == [("reference.resolved", "a.md", 2, "img/two.png")]
    put(vault, "a.md", b"Moved down.\n\n![[one.png]]\n")
    assert tell(bench) == []
    assert list_open(bench) == [("a.md", 3, "one.png", "one.png")]
    put(vault, "a.md", b"![[uno.png]]\n")
    assert tell(bench) == [("reference.resolved", "a.md", 3, "one.png")]
    assert list_open(bench) == []


def test_half_a_picture_resolves_nothing_before_it_is_there(bench: Workbench, vault: Path) -> None:
    """A temporary of a sync client is no picture. While it is on its way, nobody calls it missed, and nothing is told
    twice.
    """
    put(vault, "img/.syncthing.two.png.tmp", TWO[:20])
    assert tell(bench) == []
    assert list_open(bench) == []
    assert [each.missing_references for each in measure_status(bench).sds] == [0]
    (vault / "img/.syncthing.two.png.tmp").unlink()
    assert tell(bench) == []
    assert len(list_open(bench)) == 1
    assert [each.missing_references for each in measure_status(bench).sds] == [1]
    put(vault, "img/.syncthing.two.png.tmp", TWO)
    assert tell(bench) == []
    (vault / "img/.syncthing.two.png.tmp").rename(vault / "img/two.png")
    assert tell(bench) == [("reference.resolved", "a.md", 2, "img/two.png")]


def test_a_check_that_somebody_made_is_told_as_well(bench: Workbench, vault: Path) -> None:
    """Once, and only one of everything: a check of one folder knows nothing of the others."""
    sd = get_by_number(bench, 1)
    put(vault, "img/two.png", TWO)
    put(vault, "deep/b.md", b"![](gone.png)\n")
    before = len(list_events(bench))
    tell_check(bench, sd, check_notes(bench, sd, str(vault / "deep")))
    assert len(list_events(bench)) == before
    check = check_notes(bench, sd)
    tell_check(bench, sd, check)
    tell_check(bench, sd, check)
    assert [event.type for event in list_events(bench)[before:]] == [
        "reference.missing",
        "reference.resolved",
    ]
    assert [note for note, *_ in list_open(bench)] == ["deep/b.md"]
    suspect = move_to_state(bench, sd, StorageDirState.SUSPECT, "too much is gone")
    (vault / "deep/b.md").unlink()
    tell_check(bench, suspect, check_notes(bench, suspect))
    assert len(list_open(bench)) == 1


def test_nothing_is_concluded_about_a_folder_that_is_away(bench: Workbench, vault: Path) -> None:
    """Nor about one that is suspect, or a note that cannot be read."""
    sd = get_by_number(bench, 1)
    suspect = move_to_state(bench, sd, StorageDirState.SUSPECT, "too much is gone")
    (vault / "one.png").unlink()
    tell_references(bench, suspect)
    assert len(list_open(bench)) == 1
    move_to_state(bench, suspect, StorageDirState.ONLINE, None)
    vault.rename(vault.with_name("away"))
    assert tell(bench) == []
    assert len(list_open(bench)) == 1


@pytest.mark.parametrize("placeholder", ["{}.nextcloud", ".{}.icloud"])
@pytest.mark.parametrize("folder", ["", "sub/"])
@pytest.mark.parametrize("name", ["N.md", "cafe\u0301.md"])
def test_a_note_that_went_to_the_cloud_misses_what_it_missed(
    bench: Workbench, vault: Path, name: str, folder: str, placeholder: str
) -> None:
    """Its placeholder has another name. Nothing is told when it leaves, nor when it comes back."""
    put(vault, f"{folder}{name}", b"![](gone.png)")
    assert tell(bench) == [("reference.missing", f"{folder}{name}", 1, "gone.png")]
    note = vault / folder / name
    away = note.rename(note.with_name(placeholder.format(name)))
    assert tell(bench) == []
    assert (f"{folder}{name}", 1, "gone.png", f"{folder}gone.png") in list_open(bench)
    away.rename(note)
    assert tell(bench) == []
    note.unlink()
    assert tell(bench) == [("reference.resolved", f"{folder}{name}", 1, "gone.png")]


def test_a_very_large_folder_is_left_to_people(
    bench: Workbench, vault: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names of all files would fill the memory of a program that runs all day."""
    (vault / "one.png").rename(vault / "uno.png")
    monkeypatch.setattr(open_references, "MOST_FILES", 0)
    assert tell(bench) == []


def test_it_stops_when_it_is_told_to(bench: Workbench, vault: Path) -> None:
    """Between two notes, and then it writes nothing."""
    (vault / "one.png").unlink()

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tell_references(bench, get_by_number(bench, 1), stop)
    assert len(list_open(bench)) == 1


def test_names_that_are_no_text_are_told_as_far_as_a_catalog_can_keep_them(
    bench: Workbench, vault: Path
) -> None:
    """``%E9`` is no UTF-8, and neither is a note's name that was made elsewhere. The others are told all the same."""
    put(vault, "b.md", b"![](Caf%E9.png) ![](three.png)\n")
    put(vault, os.fsdecode(b"caf\xe9.md"), b"![](four.png)\n")
    for each in vault.glob("*.md"):
        os.utime(each, (1, 1))  # quiet, so that what was read is remembered
    for _ in range(2):
        findings = check_notes(bench, get_by_number(bench, 1)).findings
        assert len([each for each in findings if each.kind is FindingKind.MISSING]) == 4
    assert tell(bench) == [
        ("reference.missing", "b.md", 1, "Caf%E9.png"),
        ("reference.missing", "b.md", 1, "three.png"),
    ]
    assert ("b.md", 1, "Caf%E9.png", None) in list_open(bench)
    assert tell(bench) == []
