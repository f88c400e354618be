"""``strandline import``: what a person types and sees."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.pictures import make_picture
from builders.program import run
from builders.storage import id_of

PICTURES = [make_picture("png", seed=seed, size=(16, 16)) for seed in range(3)]


@pytest.fixture
def card(made: CommandHome, tmp_path: Path) -> Path:
    """A camera card, and a storage directory with its first picture."""
    root = made.make_storage_dir("Photos")
    (root / "media" / f"{id_of(PICTURES[0])}.png").write_bytes(PICTURES[0])
    made.look(root)
    folder = tmp_path / "card" / "DCIM"
    folder.mkdir(parents=True)
    for number, data in enumerate(PICTURES):
        (folder / f"IMG_{number}.png").write_bytes(data)
    (folder / "IMG_1.png.json").write_text("{}")
    return folder.parent


def test_a_card_is_imported(made: CommandHome, card: Path) -> None:
    """First seen, then done, then undone, then done again."""
    said = run("import", card, "--dry-run")
    assert said.status == 0
    assert len(said.text.splitlines()) == 2
    assert "2 pictures (1." in said.stderr
    assert "would be imported into 'Photos', 1 there already" in said.stderr
    assert "1 left out, sidecar files" in said.stderr
    done = run("import", card)
    assert done.text == said.text
    assert "2 pictures (1." in done.stderr
    undo = done.stderr.partition("to undo, run `strandline ")[2].partition("`")[0].split()
    assert run(*undo).status == 0
    again = run("import", card, "--json").json
    assert again["counts"] == {
        "new": 2, "new_bytes": sum(map(len, PICTURES[1:])), "already_there": 1, "incomplete": 0, "refused": 0,
        "left_out": {"sidecar": 1},
    }  # fmt: skip
    assert set(again) == {
        "dry_run", "plan", "done", "already_there", "refused", "left_out", "counts", "complete", "next",
    }  # fmt: skip
    assert set(again["done"][0]) == {
        "source", "image_id", "sd_id", "sd_name", "path", "size_bytes", "media_type", "whole",
    }  # fmt: skip


def test_what_was_left_out_has_a_name(card: Path) -> None:
    """A person wipes the card afterwards. Films first; sidecar files are only counted."""
    for number in range(24):
        (card / "DCIM" / f"MVI_{number:04}.MOV").write_bytes(b"\0\0\0\x14ftypqt  film")
    (card / "DCIM" / "list.txt").write_text("a list")
    said = run("import", card, "--dry-run").stderr.splitlines()
    assert said[0].startswith(
        "strandline: 24 left out, films and sounds, which are no pictures: MVI_0000.MOV, "
    )
    assert said[0].endswith("MVI_0019.MOV and 4 more (--json lists all)")
    assert said[1:3] == [
        "strandline: 1 left out, sidecar files, which say something about a picture",
        "strandline: 1 left out, not pictures: list.txt",
    ]


def test_an_archive_comes_through_a_pipe(made: CommandHome, card: Path, tmp_path: Path) -> None:
    """As any bytes do."""
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("a/b.png", PICTURES[1])
    answer = run("import", "-", "--sd", "Photos", stdin=(tmp_path / "t.zip").read_bytes())
    assert (answer.status, answer.text.endswith(" from -/a/b.png\n")) == (0, True)


def test_the_exit_status_says_how_it_went(made: CommandHome, card: Path, tmp_path: Path) -> None:
    """1 if something failed or is half; if everything failed, why."""
    assert run("import", card, tmp_path / "none").status == 1
    assert run("import", tmp_path / "none").status == 4
    assert run("import", "http://127.0.0.1:9/x").status == 5
    (tmp_path / "half.png").write_bytes(make_picture("png", seed=9)[:300])
    half = run("import", tmp_path / "half.png")
    assert (half.status, "not a whole image" in half.stderr) == (1, True)
    assert run("import", card, "--sd", "Nobody").status == 4


def test_the_storage_directory_is_asked_for_if_there_are_several(made: CommandHome, card: Path) -> None:
    """And nothing is read."""
    made.make_storage_dir("Other")
    answer = run("import", card)
    assert (answer.status, "--sd" in answer.stderr) == (2, True)


def test_save_says_how_an_address_is_fetched(made: CommandHome, card: Path) -> None:
    """It does not do so itself."""
    answer = run("save", "https://example.org/a.png", "--sd", "Photos")
    assert "`strandline import https://example.org/a.png`" in answer.stderr


def test_nothing_on_stdin_is_told(made: CommandHome, card: Path) -> None:
    """As for a save."""
    answer = run("import", "-", "--sd", "Photos", stdin=b"")
    assert (answer.status, "empty" in answer.stderr) == (2, True)
