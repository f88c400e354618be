"""``strandline put-back``, and pictures in the place of ids, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from builders.named_vault import put
from builders.pictures import make_picture
from builders.storage import id_of, make_pictures, make_storage_dir
from strandline.cli import put_back as command
from strandline.cli.main import main

ONE, TWO = make_pictures(2)


@pytest.fixture
def vault(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    """A vault with two pictures and a note, added; the current folder is the vault."""
    root = tmp_path / "Vault"
    (root / "img").mkdir(parents=True)
    (root / ".obsidian").mkdir()
    (root / "img/one.png").write_bytes(ONE)
    (root / "two.png").write_bytes(TWO)
    (root / "Note.md").write_text("![](img/one.png)\n\n![[two.png]]\n")
    monkeypatch.chdir(root)
    assert run(home, "sd", "add", ".") == 0
    capsys.readouterr()
    return root


def run(home: Path, *words: str) -> int:
    """Runs the command line."""
    return main(["--home", str(home), *words])


def test_what_is_missing_comes_back(vault: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """First only said, then done. Then nothing is missing."""
    (vault / "img/one.png").rename(vault / "img/uno.png")
    assert run(home, "scan") == 0
    capsys.readouterr()
    assert run(home, "check") == 1
    assert "the same bytes are now at img/uno.png" in capsys.readouterr().out
    assert run(home, "put-back", "--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == [
        "img/one.png would be put back, from img/uno.png (Note.md:1)",
        "1 picture would be put back",
    ]
    assert not (vault / "img/one.png").exists()
    assert run(home, "put-back") == 0
    assert "img/one.png is back, from img/uno.png (Note.md:1)" in capsys.readouterr().out
    assert run(home, "check") == 0
    capsys.readouterr()
    assert run(home, "put-back") == 0
    assert capsys.readouterr().out == "no picture is missing\n"


def test_a_renamed_folder_is_not_copied_without_a_yes(
    vault: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Renaming it back is better than a second copy of each picture."""
    for number in range(6):
        put(vault, f"old/p{number}.png", make_picture("png", seed=50 + number))
    put(vault, "Six.md", "".join(f"![](old/p{number}.png)\n" for number in range(6)).encode())
    run(home, "scan")
    (vault / "old").rename(vault / "new")
    run(home, "scan")
    capsys.readouterr()
    assert run(home, "put-back") == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0] == (
        "6 pictures stay missing: their whole folder seems to have been renamed to new/; rename it back; to copy "
        "them all the same, give --yes"
    )
    assert not (vault / "old").exists()
    assert run(home, "put-back", "--yes") == 0
    assert len(list((vault / "old").iterdir())) == 6


def test_what_comes_from_the_trash_is_not_in_it_any_more(
    vault: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As if it had been restored."""
    assert run(home, "delete", str(vault / "two.png")) == 0
    capsys.readouterr()
    assert run(home, "put-back") == 0
    assert (
        capsys.readouterr().out.splitlines()[0]
        == "two.png is back, from the trash of this machine (Note.md:3)"
    )
    assert (vault / "two.png").read_bytes() == TWO
    assert run(home, "trash", "list") == 0
    assert capsys.readouterr().out == "the trash is empty\n"
    assert list((home / "trash").rglob("*.png")) == []


def test_another_storage_directory_needs_a_yes(
    vault: Path,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without a terminal nobody can say it, so --yes must. A question never gets between the JSON."""
    ids = make_storage_dir(tmp_path / "Ids", TWO)
    assert run(home, "sd", "add", str(ids)) == 0
    assert run(home, "get", id_of(TWO), "--sd", "Ids", "-o", str(tmp_path / "x.png")) == 0
    (vault / "two.png").unlink()
    run(home, "scan")
    capsys.readouterr()
    assert run(home, "put-back", "--dry-run") == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("in 'Ids' (Note.md:3); it needs --yes")
    assert run(home, "put-back", "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    (picture,) = answer["checked"][0]["pictures"]
    assert (picture["from_sd"], picture["done"]) == ("Ids", False)
    assert "another storage directory, which nobody has allowed" in picture["why"]
    assert not (vault / "two.png").exists()
    monkeypatch.setattr(command, "asks_a_person", lambda: True)
    monkeypatch.setattr(click, "confirm", lambda *_, **__: True)
    assert run(home, "put-back", "--json") == 0
    told = capsys.readouterr()
    assert json.loads(told.out)["checked"][0]["pictures"][0]["done"]
    assert told.err.startswith("two.png would come from ")
    (vault / "two.png").unlink()
    assert run(home, "put-back", "--yes") == 0
    assert (vault / "two.png").read_bytes() == TWO


def test_a_picture_stays_missing(vault: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status says so."""
    (vault / "two.png").unlink()
    run(home, "scan")
    capsys.readouterr()
    assert run(home, "put-back") == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("two.png stays missing: no file has its bytes now")
    assert told[-1] == "0 pictures put back, 1 not"


@pytest.mark.parametrize("words", [("img/one.png",), ("one.png",), ("../img/one.png", "--in", "a/Deep.md")])
def test_a_picture_is_given_by_its_name(
    vault: Path, home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """Wherever an id is taken."""
    (vault / "a").mkdir()
    (vault / "a/Deep.md").write_text("text")
    assert run(home, "info", *words, "--json") == 0
    assert json.loads(capsys.readouterr().out)["image_id"] == id_of(ONE)
    assert run(home, "path", *words) == 0
    assert capsys.readouterr().out == f"{vault / 'img/one.png'}\n"


def test_a_name_with_hex_digits_in_it_is_a_name(
    vault: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Notion's exports have such names. Lines of other programs can have names, too."""
    name = f"Untitled {'0123456789abcdef' * 2}.png"
    (vault / name).write_bytes(ONE)
    assert run(home, "path", name) == 0
    assert capsys.readouterr().out
    (vault / "list").write_text("two.png\nimg/one.png\n")
    assert run(home, "exists", "--files-from", "list") == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == [id_of(TWO), id_of(ONE)]


def test_a_picture_that_is_gone_is_explained(
    vault: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Instead of "no such file"."""
    (vault / "img/one.png").rename(vault / "img/uno.png")
    run(home, "scan")
    capsys.readouterr()
    assert run(home, "explain", "img/one.png") == 4
    assert "the same bytes are now at img/uno.png" in capsys.readouterr().err


def test_a_dry_run_promises_nothing_that_is_refused(
    vault: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written to a read-only folder."""
    (vault / "img/one.png").rename(vault / "img/uno.png")
    assert run(home, "sd", "add", ".", "--read-only") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Nothing is written into it, because it is read-only here." in told
    assert run(home, "put-back", "--dry-run") == 1
    assert "added as read-only" in capsys.readouterr().out
