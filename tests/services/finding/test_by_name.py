"""A picture by its path, its name, or a reference in a note: which image a person means."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.storage import id_of, make_pictures, make_storage_dir
from strandline.errors import (
    AmbiguousImageIdError,
    ImageArrivingError,
    ImageDamagedError,
    InvalidPathError,
    SourceNotFoundError,
    StorageDirNotFoundError,
)
from strandline.services.checking.known_notes import check_notes
from strandline.services.finding.by_name import find_by_name
from strandline.services.saving.save import save_image
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Workbench

ONE, TWO, THREE, FOUR = make_pictures(4)


@pytest.fixture
def vault(tmp_path: Path, bench: Workbench) -> Path:
    """An Obsidian vault in which one name is twice, with different pictures."""
    root = tmp_path / "Vault"
    for path, data in (("one.png", ONE), ("a/two.png", TWO), ("b/two.png", THREE), ("a/same.png", ONE)):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    (root / ".obsidian").mkdir()
    (root / "a/Note.md").write_text("![](two.png)\n![[one.png|300]]\n![x](../b/two.png)\n![[gone.png]]")
    add_storage_dir(bench, root)
    return root


def test_a_path_on_this_machine(bench: Workbench, vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absolute, or relative to the current folder, also through a link above the storage directory."""
    assert find_by_name(bench, str(vault / "a/two.png")) == id_of(TWO)
    monkeypatch.chdir(vault / "b")
    assert find_by_name(bench, "two.png") == id_of(THREE)
    assert find_by_name(bench, "../a/two.png") == id_of(TWO)
    (vault.parent / "link").symlink_to(vault)
    assert find_by_name(bench, str(vault.parent / "link/one.png")) == id_of(ONE)


def test_a_path_in_a_storage_directory(bench: Workbench, vault: Path) -> None:
    """Wherever the person is now. An image by its id is found by its path as well."""
    assert find_by_name(bench, "a/two.png") == id_of(TWO)
    assert find_by_name(bench, "./one.png") == id_of(ONE)
    ids = make_storage_dir(vault.with_name("ids"), FOUR)
    add_storage_dir(bench, ids)
    assert find_by_name(bench, f"media/{id_of(FOUR)}.png") == id_of(FOUR)


def test_an_original_name_in_a_folder_by_id(bench: Workbench, vault: Path) -> None:
    """No file has it there. If several images have it, a person says which; a file of that name comes first."""
    ids = add_storage_dir(bench, make_storage_dir(vault.with_name("ids"))).sd
    save_image(bench, FOUR, ids, name="tide.gif")
    save_image(bench, TWO, ids, name="two.png")
    assert find_by_name(bench, "tide.gif") == id_of(FOUR)
    assert find_by_name(bench, "one.png") == id_of(ONE), "a file has this name"
    save_image(bench, THREE, ids, name="tide.gif")
    with pytest.raises(AmbiguousImageIdError, match="2 different images") as caught:
        find_by_name(bench, "tide.gif")
    assert set(caught.value.facts["candidates"]) == {id_of(THREE), id_of(FOUR)}  # type: ignore[call-overload]
    (Path(ids.path) / "media" / f"{id_of(THREE)}.png").unlink()
    scan_storage_dir(bench, ids)
    assert find_by_name(bench, "tide.gif") == id_of(FOUR)


def test_what_a_person_ignores_is_no_image(bench: Workbench, vault: Path) -> None:
    """Before and after a scan has noticed it. Nothing is registered, and nobody says that it is not there."""
    (vault / "private").mkdir()
    (vault / "private/letter.png").write_bytes(TWO)
    (vault / ".strandlineignore").write_text("private/\n")
    for _ in range(2):
        for text, note in (("private/letter.png", None), ("../private/letter.png", str(vault / "a/Note.md"))):
            with pytest.raises(SourceNotFoundError, match=r"because \.strandlineignore names it"):
                find_by_name(bench, text if note else str(vault / text), note=note)
        with bench.catalog.read() as reader:
            assert reader.files.find_row(1, "private/letter.png") is None
        scan_storage_dir(bench, get_by_number(bench, 1))


def test_a_name_alone(bench: Workbench, vault: Path) -> None:
    """In any folder, if it means one image. Equal bytes under one name are one image."""
    (vault / "b/same.png").write_bytes(ONE)
    scan_storage_dir(bench, get_by_number(bench, 1))
    assert find_by_name(bench, "same.png") == id_of(ONE)
    with pytest.raises(AmbiguousImageIdError, match="2 different images") as caught:
        find_by_name(bench, "two.png")
    assert str(vault / "a/two.png") in caught.value.message


def test_the_bytes_that_are_there_now_count(bench: Workbench, vault: Path) -> None:
    """Also those of a file that nobody has read."""
    (vault / "one.png").write_bytes(FOUR)
    (vault / "new.png").write_bytes(THREE)
    assert find_by_name(bench, str(vault / "one.png")) == id_of(FOUR)
    assert find_by_name(bench, "new.png") == id_of(THREE)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("two.png", TWO),
        ("../b/two.png", THREE),
        ("![x](../b/two.png)", THREE),
        ("![[one.png|300]]", ONE),
        ("one.png", ONE),
        ("same.png", ONE),
    ],
)
def test_a_reference_in_a_note(bench: Workbench, vault: Path, text: str, data: bytes) -> None:
    """As the note has it, with or without what is around it; also one that is not in the note."""
    assert find_by_name(bench, text, note=str(vault / "a/Note.md")) == id_of(data)


@pytest.mark.parametrize("note", ["sub/n.md", "most/m.md"])
def test_a_reference_is_resolved_as_a_check_does(bench: Workbench, tmp_path: Path, note: str) -> None:
    """Without any sign, most references decide which tool's rules apply, in whichever note they are."""
    root = tmp_path / "s"
    for path, data in (
        ("att/x.png", ONE),
        ("sub/n.md", b"![](att/x.png)"),
        ("most/m.md", b"![[x.png]] [[x.png]] [[x.png]] ![](att/x.png)"),
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    sd = add_storage_dir(bench, root).sd
    assert check_notes(bench, sd).findings == ()
    assert find_by_name(bench, "![](att/x.png)", note=str(root / note)) == id_of(ONE)


def test_what_a_folder_around_the_note_has_is_found(bench: Workbench, vault: Path) -> None:
    """A site in a vault: Obsidian shows the note as well, and a check finds the picture."""
    (vault / "site/docs").mkdir(parents=True)
    (vault / "site/mkdocs.yml").write_text("site_name: x")
    (vault / "site/docs/n.md").write_text("![[one.png]]")
    assert "one.png" not in [each.target for each in check_notes(bench, get_by_number(bench, 1)).findings]
    assert find_by_name(bench, "![[one.png]]", note=str(vault / "site/docs/n.md")) == id_of(ONE)


def test_what_is_known_of_a_picture_that_is_gone(bench: Workbench, vault: Path, clock: FakeClock) -> None:
    """Until when it was there, and where its bytes are."""
    (vault / "one.png").rename(vault / "a/uno.png")
    (vault / "a/same.png").unlink()
    scan_storage_dir(bench, get_by_number(bench, 1))
    with pytest.raises(SourceNotFoundError, match=r"the same bytes are now at a/uno\.png"):
        find_by_name(bench, str(vault / "one.png"))
    with pytest.raises(SourceNotFoundError, match=r"the same bytes are now at a/uno\.png"):
        find_by_name(bench, "![[one.png|300]]", note=str(vault / "a/Note.md"))
    with pytest.raises(SourceNotFoundError, match=r"in 'Vault', it was here until .*now at a/uno\.png"):
        find_by_name(bench, "one.png")
    with pytest.raises(SourceNotFoundError, match="never seen"):
        find_by_name(bench, "gone.png", note=str(vault / "a/Note.md"))
    with pytest.raises(SourceNotFoundError, match="check the path"):
        find_by_name(bench, "nowhere.png")


def test_a_conflict_copy_of_a_picture_that_never_came_is_named(bench: Workbench, vault: Path) -> None:
    """As a check of the note says it."""
    (vault / "gone.sync-conflict-20261129-101500-ABCDEFG.png").write_bytes(ONE)
    with pytest.raises(SourceNotFoundError, match=r"only a conflict copy of it is here: gone\.sync"):
        find_by_name(bench, "gone.png", note=str(vault / "a/Note.md"))


def test_what_cannot_be_shown(bench: Workbench, vault: Path, tmp_path: Path, clock: FakeClock) -> None:
    """A half picture, and a file in no storage directory."""
    (vault / "half.png").write_bytes(ONE[: len(ONE) // 2])
    with pytest.raises(ImageArrivingError, match="cannot be shown yet"):
        find_by_name(bench, str(vault / "half.png"))
    clock.pass_time(hours=30)
    with pytest.raises(ImageDamagedError, match="is damaged"):
        find_by_name(bench, str(vault / "half.png"))
    (tmp_path / "loose.png").write_bytes(ONE)
    with pytest.raises(StorageDirNotFoundError, match="sd add"):
        find_by_name(bench, str(tmp_path / "loose.png"))
    with pytest.raises(InvalidPathError, match="is not a note"):
        find_by_name(bench, "one.png", note=str(vault / "one.png"))
    with pytest.raises(SourceNotFoundError, match="there is no note"):
        find_by_name(bench, "one.png", note=str(vault / "No.md"))
    (tmp_path / "Loose.md").write_text("")
    with pytest.raises(StorageDirNotFoundError, match="sd add"):
        find_by_name(bench, "one.png", note=str(tmp_path / "Loose.md"))


def test_a_note_that_cannot_be_read_has_no_references(bench: Workbench, vault: Path) -> None:
    """A canvas that is still arriving, and bytes of another file. The text is then a target by itself."""
    (vault / "a/Board.canvas").write_text('{"file": ')
    (vault / "a/Wide.md").write_bytes("![[one.png]]".encode("utf-16-le"))
    for note in ("a/Board.canvas", "a/Wide.md"):
        assert find_by_name(bench, "one.png", note=str(vault / note)) == id_of(ONE)
    with pytest.raises(SourceNotFoundError):
        find_by_name(bench, "\0" * 9 + ".png", note=str(vault / "a/Wide.md"))
