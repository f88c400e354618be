"""Conflict copies as a person sees and resolves them: what is said, and the exit status; the same over HTTP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.storage import id_of, make_pictures
from strandline.cli.main import main

ONE, TWO = make_pictures(2)
COPY = f"media/{id_of(ONE)} (1).png"
OTHER = f"media/{id_of(ONE)}.sync-conflict-20260101-101010-ABCDEFG.png"


def run(made: CommandHome, *words: str) -> int:
    """Runs the command line on the home, which the environment names."""
    return main(list(words))


@pytest.fixture
def notes(made: CommandHome, capsys: pytest.CaptureFixture[str]) -> Path:
    """A storage directory with an image, an equal copy, and another picture under its name."""
    root = made.make_storage_dir("Notes")
    (root / f"media/{id_of(ONE)}.png").write_bytes(ONE)
    (root / COPY).write_bytes(ONE)
    (root / OTHER).write_bytes(TWO)
    made.look(root)
    capsys.readouterr()
    return root


def test_they_are_listed_and_resolved(
    made: CommandHome, notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told, tried, done; then there are none."""
    assert run(made, "conflicts", "list") == 1
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        f"{COPY} in 'Notes': it has the same bytes as the file that it is a copy of; the copy would go to the trash",
        f"{OTHER} in 'Notes': it has other bytes than its name promises; it would become an image of its own",
    ]
    assert told.err == "strandline: to resolve 2 copies, run `strandline conflicts resolve`\n"
    assert run(made, "conflicts", "resolve", "--dry-run") == 0
    assert "would go to the trash" in capsys.readouterr().out
    assert run(made, "conflicts", "resolve", str(notes / COPY)) == 0
    assert capsys.readouterr().out == f"{COPY} in 'Notes': folded: the copy is in the trash\n"
    assert run(made, "conflicts", "resolve", "Notes", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert [row["path"] for row in report["done"]] == [OTHER]
    assert [(row["remedy"], row["of"]) for row in report["resolved"]] == [
        ("keep-both", f"media/{id_of(ONE)}.png")
    ]
    assert (notes / f"media/{id_of(TWO)}.png").read_bytes() == TWO
    assert run(made, "conflicts", "list") == 0
    assert capsys.readouterr().out == "there are no conflict copies\n"
    assert run(made, "trash", "list", "--json") == 0
    assert {row["reason"] for row in json.loads(capsys.readouterr().out)["trash"]} == {"folded"}


def test_what_is_none_and_what_is_away(
    made: CommandHome, notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not found, and try again."""
    assert run(made, "conflicts", "resolve", str(notes / "SD_ID")) == 4
    assert "is not a conflict copy" in capsys.readouterr().err
    notes.rename(notes.with_name("elsewhere"))
    assert run(made, "conflicts", "list") == 6
    assert run(made, "conflicts", "resolve") == 6
    assert "'Notes' was not looked at" in capsys.readouterr().err


def test_a_person_chooses_and_undoes(made: CommandHome, capsys: pytest.CaptureFixture[str]) -> None:
    """Tried, done, and taken back with the command that was printed."""
    root = made.folder / "Vault"
    root.mkdir(parents=True)
    file, copy = root / "sea.png", root / "sea (Ann's conflicted copy 2026-01-01).png"
    file.write_bytes(ONE)
    copy.write_bytes(TWO)
    assert run(made, "sd", "add", str(root)) == 0
    capsys.readouterr()
    choice = ("conflicts", "choose", str(copy), "--keep", "copy")
    assert run(made, *choice, "--dry-run") == 0
    assert "sea.png would get its bytes" in capsys.readouterr().out
    assert run(made, *choice, "--json") == 0
    told = capsys.readouterr()
    undo = json.loads(told.out)["undo"]
    assert told.err == f"strandline: to undo, run `strandline conflicts undo-choice {undo}`\n"
    assert (file.read_bytes(), copy.exists()) == (TWO, False)
    assert run(made, "conflicts", "undo-choice", undo) == 0
    assert capsys.readouterr().out == f"{copy.name} in 'Vault' is back\n"
    assert (file.read_bytes(), copy.read_bytes()) == (ONE, TWO)
    assert run(made, "conflicts", "undo-choice", undo) == 4


def test_a_name_in_two_places_chooses_nothing(made: CommandHome, capsys: pytest.CaptureFixture[str]) -> None:
    """The same bytes are a copy of two different files. The whole path says which is meant."""
    root = made.folder / "Vault"
    name = "sea (Ann's conflicted copy 2026-01-01).png"
    for folder in ("a", "b"):
        (root / folder).mkdir(parents=True)
        (root / folder / "sea.png").write_bytes(ONE)
        (root / folder / name).write_bytes(TWO)
    assert run(made, "sd", "add", str(root)) == 0
    assert run(made, "conflicts", "choose", name, "--keep", "copy") == 2
    assert "is in 2 places; give the whole path of one" in capsys.readouterr().err
    assert [(root / folder / "sea.png").read_bytes() for folder in ("a", "b")] == [ONE, ONE]
