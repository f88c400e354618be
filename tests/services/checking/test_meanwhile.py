"""What changes while a check runs, and while others write: nothing is told that was true at no moment."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.named_vault import list_events, put
from builders.storage import make_pictures
from builders.vaults import TWO_DAYS_S, Vault
from strandline.errors import DiskError
from strandline.model.events import ReferenceEvent
from strandline.model.note_checks import CheckOptions, NoteCheck
from strandline.services.checking.check import check_path
from strandline.services.checking.open_references import list_open_references, tell_references
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Workbench

ONE, TWO = make_pictures(2)


def do_at(call: int, happens: Callable[[], object]) -> Callable[[], None]:
    """Is called at each note, first when all is listed and nothing is read. Does it at this call."""
    calls = [0]

    def go_on() -> None:
        calls[0] += 1
        if calls[0] == call:
            happens()

    return go_on


def check_while(vault: Vault, happens: Callable[[], object], *, call: int = 1) -> NoteCheck:
    """A check during which something happens."""
    return check_path(str(vault.root), CheckOptions(unused=True), {}, go_on=do_at(call, happens))


@pytest.mark.parametrize("text", ["![](img/new.png)", "![[new.png]]", "![[img/new.png]] ![](<img/new.png>)"])
def test_a_picture_that_comes_with_its_note_is_not_missing(vault: Vault, text: str) -> None:
    """A person pastes it while the check runs: both are written after the listing."""
    vault.put(".obsidian/app.json", b"{}")
    vault.put("note.md", b"Nothing.")

    def paste() -> None:
        vault.put("img/new.png")
        vault.put("note.md", text.encode())

    assert check_while(vault, paste).findings == ()
    assert check_path(str(vault.root), CheckOptions(), {}).counts["found"] > 0


def test_a_picture_that_just_gets_its_name_is_not_missing(vault: Vault) -> None:
    """Its temporary was there at the first look. If neither is there at the second, the client is renaming it."""
    vault.put("note.md", b"![](x.png)")
    temporary = vault.root / vault.put(".syncthing.x.png.tmp")
    report = check_while(vault, temporary.unlink)
    assert [each.kind.value for each in report.findings] == ["arriving"]
    assert report.counts["missing"] == 0


def test_a_picture_that_leaves_is_missing(vault: Vault) -> None:
    """If it is in no listing, it is told as ever: the second look excuses only what is there."""
    vault.put("note.md", b"![](gone.png) ![](x.png)")
    vault.put("x.png")
    assert check_while(vault, lambda: None).counts["missing"] == 1


def test_a_folder_that_goes_away_misses_nothing(vault: Vault) -> None:
    """A disk was unplugged after the listing. That is no finding about each picture."""
    vault.put("note.md", b"![](gone.png)")
    with pytest.raises(DiskError):
        check_while(vault, lambda: vault.root.rename(vault.root.with_name("away")), call=2)


def test_nothing_is_unused_if_a_note_went_away(vault: Vault) -> None:
    """It may come back with its references: a client replaces it."""
    vault.put("x.png")
    vault.put("note.md", b"![](x.png)")
    report = check_while(vault, (vault.root / "note.md").unlink)
    assert report.findings == ()
    assert [each.path for each in report.unread] == ["note.md"]


@pytest.fixture
def known(tmp_path: Path, bench: Workbench) -> Path:
    """A vault that a watcher has checked: one of its notes misses a picture."""
    root = tmp_path / "Vault"
    put(root, ".obsidian/app.json", b"{}")
    put(root, "one.png", ONE)
    put(root, "a.md", b"![[one.png]]\n![[two.png]]\n")
    add_storage_dir(bench, root)
    tell_references(bench, get_by_number(bench, 1))
    return root


def tell(bench: Workbench, happens: Callable[[], object] = lambda: None) -> list[str]:
    """What one more check tells, during which something happens."""
    before = len(list_events(bench))
    tell_references(bench, get_by_number(bench, 1), do_at(1, happens))
    events = list_events(bench)[before:]
    return [f"{each.type} {each.target}" for each in events if isinstance(each, ReferenceEvent)]


def count_open(bench: Workbench) -> int:
    """How many pictures are missed."""
    return len(list_open_references(bench, get_by_number(bench, 1)))


def test_a_watcher_tells_nothing_of_what_was_pasted(bench: Workbench, known: Path) -> None:
    """It would have told it as missing, and a moment later as resolved."""

    def paste() -> None:
        put(known, "three.png", TWO)
        put(known, "a.md", b"![[one.png]]\n![[two.png]]\n![[three.png]]\n")

    assert tell(bench, paste) == []
    assert tell(bench) == []


def test_a_note_that_is_replaced_misses_what_it_missed(bench: Workbench, known: Path) -> None:
    """A sync client took it away and has not put the new one there yet. If it stays away, that is told."""
    text = (known / "a.md").read_bytes()
    assert tell(bench, (known / "a.md").unlink) == []
    assert count_open(bench) == 1
    put(known, "a.md", text)
    assert tell(bench) == []
    (known / "a.md").unlink()
    assert tell(bench) == ["reference.resolved two.png"]


@pytest.mark.parametrize("data", [b"", bytes(4096)], ids=["empty", "only room"])
def test_a_note_without_text_has_resolved_nothing_yet(bench: Workbench, known: Path, data: bytes) -> None:
    """A program empties a note before it writes it. Nobody calls its pictures missed meanwhile. If it has been like
    that for a day, a person emptied it.
    """
    text = (known / "a.md").read_bytes()
    for _ in range(2):
        put(known, "a.md", data)
        assert [tell(bench), tell(bench)] == [[], []]
        assert count_open(bench) == 0
        put(known, "a.md", text)
        assert tell(bench) == []
        assert count_open(bench) == 1
    put(known, "a.md", data)
    long_ago_s = (known / "a.md").stat().st_mtime - TWO_DAYS_S
    os.utime(known / "a.md", (long_ago_s, long_ago_s))
    assert tell(bench) == ["reference.resolved two.png"]
