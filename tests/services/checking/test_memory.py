"""What a check says of a picture that was here before: until when, and where its bytes are now."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.named_vault import put
from builders.storage import make_pictures, make_storage_dir
from strandline.model.note_checks import CheckOptions, Finding
from strandline.services.checking.check import check_path
from strandline.services.checking.memory import Memory
from strandline.services.proving.backlog import verify_unproven
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.confirm import accept_missing
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Workbench

ONE, TWO, THREE = make_pictures(3)


@pytest.fixture
def vault(tmp_path: Path, bench: Workbench) -> Path:
    """Two pictures that one note refers to in two ways, known and proven."""
    root = tmp_path / "Vault"
    (root / ".obsidian").mkdir(parents=True)
    (root / "img").mkdir()
    (root / "img/one.png").write_bytes(ONE)
    (root / "two.png").write_bytes(TWO)
    (root / "Note.md").write_text("![](img/one.png)\n![[two.png]]\n")
    add_storage_dir(bench, root)
    return root


def scan(bench: Workbench) -> None:
    """A scan of the vault, as it is now."""
    scan_storage_dir(bench, get_by_number(bench, 1))


def check(bench: Workbench, root: Path) -> list[Finding]:
    """The findings, with what the catalog knows."""
    sd = get_by_number(bench, 1)
    report = check_path(
        str(root), CheckOptions(), {str(root): sd.sd_id or ""}, lambda _root: Memory(bench, sd)
    )
    return list(report.findings)


def test_a_note_that_was_moved(bench: Workbench, vault: Path, clock: FakeClock) -> None:
    """From its new place, its picture never was where it points to. It says where one of that name was."""
    (vault / ".obsidian").rmdir()
    put(vault, "notes/a.md", b"![](../img/one.png)")
    (vault / "Note.md").unlink()
    clock.pass_time(hours=3)
    (vault / "img/one.png").unlink()
    scan(bench)
    assert [each.message[:14] for each in check(bench, vault)] == ["it was here un"]
    put(vault, "old/2024/a.md", (vault / "notes/a.md").read_bytes())
    (vault / "notes/a.md").unlink()
    (finding,) = check(bench, vault)
    at = f"{clock.now().astimezone():%Y-%m-%d %H:%M}"
    assert finding.message == (
        f"no file here has that name; a picture of that name was at img/one.png until {at}; was the note moved? Put "
        "the picture back, or change or remove the reference"
    )
    put(vault, "img/uno.png", ONE)
    scan(bench)
    (finding,) = check(bench, vault)
    assert "and its bytes are now at img/uno.png; if it is the right one, change" in finding.message


def test_a_picture_that_was_moved(bench: Workbench, vault: Path, clock: FakeClock) -> None:
    """Under another name, so that no tool finds it any more."""
    clock.pass_time(hours=3)
    (vault / "img/one.png").rename(vault / "img/uno.png")
    scan(bench)
    (finding,) = check(bench, vault)
    at = f"{clock.now().astimezone():%Y-%m-%d %H:%M}"
    assert finding.message.startswith(f"it was here until {at}, and the same bytes are now at img/uno.png; ")
    assert finding.file == "img/one.png"


def test_a_picture_that_was_deleted(bench: Workbench, vault: Path, clock: FakeClock) -> None:
    """Also after its absence was accepted. A copy in another storage directory is named."""
    (vault / "two.png").unlink()
    scan(bench)
    at = f"{clock.now().astimezone():%Y-%m-%d %H:%M}"
    (finding,) = check(bench, vault)
    assert f"it was here until {at}, and no image here has its bytes now" in finding.message
    assert f"`strandline put-back {vault}` also looks in trashes" in finding.message
    clock.pass_time(hours=1)
    scan(bench)
    assert accept_missing(bench, get_by_number(bench, 1)) == 1
    assert [each.message for each in check(bench, vault)] == [finding.message]
    copy = add_storage_dir(bench, make_storage_dir(vault.with_name("ids"), TWO)).sd
    scan_storage_dir(bench, copy)
    (again,) = check(bench, vault)
    assert "has its bytes now" in again.message  # it was not proven there
    verify_unproven(bench, copy, may_read=lambda _: True)
    (again,) = check(bench, vault)
    assert "the same bytes are now at media/" in again.message
    assert "in 'ids'" in again.message


def test_a_wiki_link_to_a_name_that_was_in_any_folder(bench: Workbench, vault: Path) -> None:
    """Obsidian finds a name in any folder, so the memory does as well. A plain path means one place."""
    (vault / "img/one.png").rename(vault / "img/uno.png")
    scan(bench)
    (vault / "Note.md").write_text("![[one.png]]\n![](one.png)\n![](other/one.png)")
    wiki, bare, plain = check(bench, vault)
    assert wiki.message.startswith("it was at img/one.png until ")
    assert bare.message.startswith("it was at img/one.png until ")
    assert plain.message.startswith(
        "no file here has that name; a picture of that name was at img/one.png until "
    )


def test_another_spelling_is_known_as_well(bench: Workbench, vault: Path) -> None:
    """Most tools show a picture whose name differs in letter case only. After it is gone, it was still seen."""
    (vault / "Note.md").write_text("![](img/One.PNG)\n![[ONE.png]]\n![](other/ONE.png)\n![[One.gif]]")
    (vault / "img/one.png").rename(vault / "uno.png")
    before = check(bench, vault)
    scan(bench)
    exact, by_name, elsewhere, never = check(bench, vault)
    assert exact.message.startswith("it was at img/one.png (another letter case) until ")
    assert "the same bytes are now at uno.png" in exact.message
    assert by_name.message.startswith("it was at img/one.png (another letter case) until ")
    assert "a picture of that name was at img/one.png until" in elsewhere.message
    assert never.message.startswith("never seen on this machine; ")
    assert before[0].message.startswith("it was at img/one.png (another letter case) at the last scan")
    assert (
        accept_missing(bench, get_by_number(bench, 1)) == 0
    )  # it was moved: what was there is an earlier file


def test_the_right_spelling_counts_first(bench: Workbench, vault: Path) -> None:
    """On a disk that has both."""
    (vault / "img/ONE.png").write_bytes(THREE)
    scan(bench)
    verify_unproven(bench, get_by_number(bench, 1), may_read=lambda _: True)
    (vault / "img/one.png").unlink()
    (vault / "img/ONE.png").unlink()
    scan(bench)
    (vault / "Note.md").write_text("![](img/one.png)\n![](img/ONE.png)")
    assert all(each.message.startswith("it was here until ") for each in check(bench, vault))


def test_a_path_from_the_root_is_known_from_a_note_below(bench: Workbench, vault: Path) -> None:
    """Obsidian looks from the note and from the root. Nothing that was seen is called never seen."""
    (vault / "img/one.png").unlink()
    scan(bench)
    (vault / "deep").mkdir()
    (vault / "deep/Note.md").write_text("![[img/one.png]]\n![](../img/one.png)\n![[one.png]]")
    messages = {each.message for each in check(bench, vault) if each.note == "deep/Note.md"}
    assert (
        len(messages) == 2
    )  # it was here, and for the name alone and the path from the root: it was at img/one.png
    assert all(" until " in message for message in messages)


def test_what_a_program_deleted_is_missing(bench: Workbench, vault: Path) -> None:
    """Obsidian shows nothing from its trash, so a file there is no excuse. Of a picture never seen, it is named."""
    (vault / ".trash").mkdir()
    (vault / "two.png").rename(vault / ".trash/two.png")
    (vault / ".stversions").mkdir()
    (vault / ".stversions/old~20250301-101010.png").write_bytes(THREE)
    (vault / "Note.md").write_text("![[two.png]]\n![[old.png]]")
    scan(bench)
    two, old = check(bench, vault)
    assert (two.kind, old.kind) == ("missing", "missing")
    assert "also looks in trashes" in two.message
    assert ".stversions/old~20250301-101010.png had that name" in old.message


def test_a_picture_that_nobody_has_seen(bench: Workbench, vault: Path) -> None:
    """That is said only if everything was looked at once."""
    (vault / "Note.md").write_text("![](never.png)")
    (finding,) = check(bench, vault)
    assert finding.message.startswith("never seen on this machine; ")


def test_a_picture_that_went_since_the_last_scan(bench: Workbench, vault: Path) -> None:
    """Nobody has looked where its bytes are, so nothing is said about that."""
    (vault / "img/one.png").rename(vault / "uno.png")
    (finding,) = check(bench, vault)
    assert finding.message.startswith("it was here at the last scan; scan again ")


def test_other_bytes_at_the_same_path(bench: Workbench, vault: Path, clock: FakeClock) -> None:
    """The older ones are remembered as well, but the latest are what was there."""
    clock.pass_time(hours=1)
    (vault / "img/one.png").write_bytes(THREE)
    scan(bench)
    clock.pass_time(hours=1)
    with bench.catalog.read() as reader:
        (earlier,) = reader.earlier.list_by_name(1, "one.png")
    assert earlier.size_bytes == len(ONE)
    (vault / "img/one.png").rename(vault / "new.png")
    scan(bench)
    (finding,) = check(bench, vault)
    assert "the same bytes are now at new.png" in finding.message


def test_a_picture_of_a_folder_that_is_gone_is_missing_if_it_was_here(bench: Workbench, vault: Path) -> None:
    """Without the memory, a path from the root may mean a place that only a site knows."""
    (vault / "Site.md").write_text("![](/img/one.png)\n![](/elsewhere/x.png)\n")
    assert [each.kind for each in check(bench, vault)] == ["outside"]
    (vault / "img").rename(vault / "pictures")
    scan(bench)
    found = {each.target: each for each in check(bench, vault) if each.note == "Site.md"}
    assert [each.kind for each in found.values()] == ["missing", "outside"]
    assert "the same bytes are now at pictures/one.png" in found["/img/one.png"].message


def test_where_the_bytes_are_said_to_be_is_looked_at(bench: Workbench, vault: Path) -> None:
    """The last scan may be long ago."""
    (vault / "img/one.png").rename(vault / "img/uno.png")
    scan(bench)
    (vault / "img/uno.png").rename(vault / "img/eins.png")
    (finding,) = check(bench, vault)
    assert "now at" not in finding.message


def test_a_picture_that_was_ignored_meanwhile_is_not_called_unknown(bench: Workbench, vault: Path) -> None:
    """It was here until it was ignored."""
    (vault / ".strandlineignore").write_text("img/\n")
    scan(bench)
    (vault / "img/one.png").unlink()
    (vault / ".strandlineignore").unlink()
    scan(bench)
    (finding,) = check(bench, vault)
    assert finding.message.startswith("it was here until")


def test_the_place_of_a_missing_picture_is_where_it_was(bench: Workbench, vault: Path) -> None:
    """A bare name does not say in which folder."""
    (vault / "a").mkdir()
    (vault / "a/Deep.md").write_text("![[one.png]]\n")
    (vault / "img/one.png").unlink()
    scan(bench)
    assert {each.file for each in check(bench, vault)} == {"img/one.png"}


def test_a_picture_that_was_overwritten_before_it_was_deleted(bench: Workbench, vault: Path) -> None:
    """By half a file: the whole one was here all the same."""
    (vault / "img/one.png").write_bytes(TWO[:20])
    scan(bench)
    (vault / "img/one.png").unlink()
    scan(bench)
    (finding,) = check(bench, vault)
    assert finding.message.startswith("it was here until")


def test_what_a_missing_picture_can_come_back_from_is_not_unused(bench: Workbench, vault: Path) -> None:
    """Tidy people delete what is."""
    (vault / "img/one.png").rename(vault / "img/uno.png")
    (vault / "img/three.png").write_bytes(THREE)
    scan(bench)
    sd = get_by_number(bench, 1)
    options = CheckOptions(unused=True)
    report = check_path(str(vault), options, {str(vault): sd.sd_id or ""}, lambda _root: Memory(bench, sd))
    assert [each.file for each in report.findings if each.kind == "unused"] == ["img/three.png"]
