"""A picture that a person names in another Unicode form than the disk, and where a loose one belongs."""

from __future__ import annotations

import sys
from pathlib import Path
from unicodedata import normalize

import pytest

from builders.storage import id_of, make_pictures
from strandline.errors import AmbiguousImageIdError, SourceNotFoundError, StorageDirNotFoundError
from strandline.folders.file_tree import list_alike
from strandline.model.note_checks import CheckOptions
from strandline.services.checking.check import check_path
from strandline.services.finding.by_name import find_by_name, find_files_by_name, list_files_of_note
from strandline.services.resolving.resolve import find_given
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_storage_dir
from strandline.services.workbench import Workbench

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="the disk takes both forms for the same")

ONE, TWO, THREE = make_pictures(3)
KEYBOARD = "Küche/Küchenfenster.png"
MAC = normalize("NFD", KEYBOARD)
NOTE = "Küche/Küche.md"


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault from a Mac, in a folder from a Mac. The note's text was typed on a keyboard."""
    root = tmp_path / normalize("NFD", "Bücher") / "Vault"
    (root / MAC).parent.mkdir(parents=True)
    (root / ".obsidian").mkdir()
    (root / MAC).write_bytes(ONE)
    (root / normalize("NFD", NOTE)).write_text("![[Küchenfenster.png]]")
    return root


def type_path(path: Path) -> str:
    """As a keyboard writes it."""
    return normalize("NFC", str(path))


@pytest.mark.parametrize("is_known", [True, False])
def test_what_a_keyboard_types_names_it(
    bench: Workbench, vault: Path, tmp_path: Path, is_known: bool
) -> None:
    """A path on this machine or in the vault, a name alone, and a reference in a note; all lead to the one file."""
    assert add_storage_dir(bench, type_path(vault)).sd.path == str(vault)
    if is_known:
        assert find_by_name(bench, MAC) == id_of(ONE)
    note = type_path(vault / NOTE)
    for text in (type_path(vault / MAC), KEYBOARD, *[KEYBOARD.partition("/")[2]] * is_known):
        assert [each.path for each in find_files_by_name(bench, text)] == [MAC]
    assert [each.path for each in find_files_by_name(bench, "Küchenfenster.png", note=note)] == [MAC]
    assert [each.path for each in list_files_of_note(bench, note)[0]] == [MAC]
    sd = get_storage_dir(bench, type_path(vault))
    given = find_given(bench, [sd], [type_path(vault / MAC)])
    assert given.paths == {(1, MAC)}
    assert not check_path(note, CheckOptions(), {str(vault): ""}).findings, "Obsidian shows it"


def test_the_exact_path_comes_first_and_two_others_are_refused(bench: Workbench, vault: Path) -> None:
    """Nobody could choose between two. Another letter is another file."""
    other = normalize("NFD", "Küche") + "/Küchenfenster.png"
    (vault / other).write_bytes(TWO)
    add_storage_dir(bench, vault)
    assert find_by_name(bench, MAC) == id_of(ONE)
    assert find_by_name(bench, other) == id_of(TWO)
    with pytest.raises(AmbiguousImageIdError, match="2 files have the path"):
        find_by_name(bench, KEYBOARD)
    for text in ("Kuche/Kuchenfenster.png", KEYBOARD.upper()):
        with pytest.raises(SourceNotFoundError):
            find_by_name(bench, text)


def test_only_the_disk_folds_letter_case(tmp_path: Path) -> None:
    """This one does not. Exactly one spelling is there."""
    (tmp_path / "A.png").write_bytes(ONE)
    (tmp_path / "folder").mkdir()
    assert list_alike(str(tmp_path), "a.PNG") == []
    assert list_alike(str(tmp_path), "A.png") == ["A.png"]
    assert list_alike(str(tmp_path), "folder/A.png") == []


def test_the_vault_around_a_loose_picture_is_suggested(bench: Workbench, vault: Path, tmp_path: Path) -> None:
    """Not the folder that it is in. A note that is not there belongs nowhere."""
    for text, note in ((str(vault / MAC), None), ("x.png", str(vault / normalize("NFD", NOTE)))):
        with pytest.raises(StorageDirNotFoundError) as caught:
            find_by_name(bench, text, note=note)
        assert str(caught.value).endswith(f"sd add '{vault}'`")
    with pytest.raises(SourceNotFoundError, match=r"there is no .*check the path"):
        find_by_name(bench, "x.png", note=str(tmp_path / "nowhere/N.md"))
