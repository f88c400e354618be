"""The command that a verb offers to undo it, pasted into a shell, undoes exactly that."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.named_vault import put
from builders.pictures import make_picture
from builders.storage import id_of
from strandline.cli import undoing
from strandline.cli.main import main

PICTURES = [make_picture("png", seed=seed, size=(8, 8)) for seed in range(7)]


def run(made: CommandHome, *words: str) -> int:
    """Runs the command line on the home, which the environment names."""
    return main(list(words))


def find_undo(told: str) -> list[str]:
    """The words of the offered command."""
    return shlex.split(told.partition(", run `strandline ")[2].partition("`")[0])


def list_files(root: Path) -> list[str]:
    """What is in the folder."""
    return sorted(path.name for path in root.iterdir())


@pytest.fixture
def vault(made: CommandHome) -> Path:
    """Seven named pictures, and one of them a second time."""
    root = made.folder / "Vault"
    for number, data in enumerate(PICTURES):
        put(root, f"p{number}.png", data)
    put(root, "twice.png", PICTURES[0])
    assert run(made, "sd", "add", str(root)) == 0
    return root


def test_what_was_deleted_comes_back_and_nothing_else(
    made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also if there is more of it than ids in a command. What was deleted before stays deleted."""
    assert run(made, "delete", str(vault / "twice.png")) == 0
    before = list_files(vault)
    capsys.readouterr()
    assert run(made, "delete", *(id_of(data) for data in PICTURES)) == 0
    assert list_files(vault) == []
    undo = find_undo(capsys.readouterr().err)
    assert undo[:3] == ["trash", "restore", "--files-from"]
    assert run(made, *undo) == 0
    assert list_files(vault) == before


def test_one_file_comes_back_without_an_earlier_one(
    made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The image's id would bring back both, so the command has the number of the entry."""
    assert run(made, "delete", str(vault / "twice.png")) == 0
    assert find_undo(capsys.readouterr().err) == ["trash", "restore", id_of(PICTURES[0])]
    assert run(made, "delete", str(vault / "p0.png")) == 0
    undo = find_undo(capsys.readouterr().err)
    assert undo[-1] != id_of(PICTURES[0])
    assert run(made, *undo) == 0
    assert (vault / "p0.png").exists()
    assert not (vault / "twice.png").exists()


def test_what_was_copied_goes_again(
    made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was there before stays."""
    archive = made.make_storage_dir("My Archive")
    assert run(made, "copy", id_of(PICTURES[0]), "--to", "My Archive") == 0
    capsys.readouterr()
    assert run(made, "copy", "--all", "--from", "Vault", "--to", "My Archive") == 0
    undo = find_undo(capsys.readouterr().err)
    assert undo[:4] == ["delete", "--sd", "My Archive", "--files-from"]
    assert len(list_files(archive / "media")) == 7
    assert run(made, *undo) == 0
    assert list_files(archive / "media") == [f"{id_of(PICTURES[0])}.png"]
    assert len(list_files(vault)) == 8


def test_lists_do_not_pile_up(
    made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest go. The latest one is always there."""
    monkeypatch.setattr(undoing, "LISTS_KEPT", 2)
    for _ in range(4):
        assert run(made, "delete", *(id_of(data) for data in PICTURES)) == 0
        assert run(made, *find_undo(capsys.readouterr().err)) == 0
    assert len(list_files(made.home / "undo")) == 2
    assert len(list_files(vault)) == 8


def test_a_list_that_cannot_be_written_stops_nothing(
    made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command has all of it then, however long it is."""
    (made.home / "undo").write_text("in the way")
    assert run(made, "delete", *(id_of(data) for data in PICTURES)) == 0
    assert list_files(vault) == []
    assert run(made, *find_undo(capsys.readouterr().err)) == 0
    assert len(list_files(vault)) == 8
