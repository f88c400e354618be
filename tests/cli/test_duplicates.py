"""Duplicates as a person types it: what is said, what is asked, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.storage import id_of, make_pictures
from strandline.cli.main import main

ONE, TWO = make_pictures(2)


def run(made: CommandHome, *words: str) -> int:
    """Runs the command line."""
    return main(["--home", str(made.home), *words])


@pytest.fixture
def vault(made: CommandHome, capsys: pytest.CaptureFixture[str]) -> Path:
    """A vault with two copies of a picture, one of them in a note, and another picture."""
    root = made.folder / "Vault"
    root.mkdir(parents=True)
    for name in ("one.png", "copy.png"):
        (root / name).write_bytes(ONE)
    (root / "two.png").write_bytes(TWO)
    (root / "Note.md").write_text("![](one.png)\n")
    assert run(made, "sd", "add", str(root)) == 0
    capsys.readouterr()
    return root


def test_they_are_listed(made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the space that they take. Nothing is changed."""
    assert run(made, "duplicates") == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[1:] == ["  copy.png in 'Vault'", "  one.png in 'Vault'"]
    assert "1 file has bytes that another file in the same storage directory has" in told.err
    assert run(made, "duplicates", "Vault", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    (group,) = report["duplicates"]
    assert {file["image_id"] for file in group["files"]} == {id_of(ONE)}
    assert (group["extra_bytes"], report["extra_bytes"], report["in_several"]) == (len(ONE), len(ONE), 0)
    assert len(list(vault.glob("*.png"))) == 3


def test_a_conflict_copy_goes_and_its_file_stays(
    made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Although the file is younger than the copy."""
    copy = "two (conflicted copy 2026-11-22).png"
    (vault / "two.png").rename(vault / copy)
    assert run(made, "scan") == 0
    (vault / "two.png").write_bytes(TWO)
    assert run(made, "scan") == 0
    capsys.readouterr()
    assert run(made, "duplicates", "--fold", "--dry-run") == 0
    assert f"would move {copy} in" in capsys.readouterr().out
    assert run(made, "duplicates", "--fold", "--yes") == 0
    assert sorted(path.name for path in vault.glob("*.png")) == ["one.png", "two.png"]


def test_superfluous_ones_are_folded(
    made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody must say yes; the trash brings them back."""
    assert run(made, "duplicates", "--fold", "--dry-run") == 0
    assert capsys.readouterr().out == "would move copy.png in 'Vault' to the trash\n"
    assert run(made, "duplicates", "--fold") == 5
    assert "this would move 1 file" in capsys.readouterr().err
    assert run(made, "duplicates", "--fold", "--yes", "--json") == 0
    assert [row["path"] for row in json.loads(capsys.readouterr().out)["done"]] == ["copy.png"]
    assert sorted(path.name for path in vault.glob("*.png")) == ["one.png", "two.png"]
    assert run(made, "duplicates", "--fold", "--yes") == 0
    assert "nothing to fold: each picture is there once" in capsys.readouterr().err
    assert run(made, "duplicates") == 0
    assert capsys.readouterr().err == "strandline: no storage directory has a picture twice\n"
    assert run(made, "trash", "restore", id_of(ONE)) == 0
    assert len(list(vault.glob("*.png"))) == 3


def test_backups_are_told(made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And listed if asked."""
    made.look(made.make_storage_dir("Archive"))
    assert run(made, "copy", str(vault / "two.png"), "--to", "Archive") == 0
    capsys.readouterr()
    assert run(made, "duplicates", "--across") == 0
    told = capsys.readouterr()
    assert f"  media/{id_of(TWO)}.png in 'Archive'" in told.out.splitlines()
    assert "1 picture is in several storage directories, as backups of one another" in told.err


@pytest.mark.usefixtures("vault")
def test_options_of_folding_need_it(made: CommandHome) -> None:
    """Or somebody would believe that something was done."""
    assert run(made, "duplicates", "--yes") == 2


def test_why_nothing_can_be_folded(
    made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A note names both files, so the one that was called too many stays."""
    (vault / "Note.md").write_text("![](one.png) ![](copy.png)\n")
    assert run(made, "duplicates", "--fold", "--yes") == 0
    told = capsys.readouterr()
    assert told.out == "copy.png, one.png stay in 'Vault'\n"
    assert "nothing to fold: notes name all files of these pictures" in told.err
