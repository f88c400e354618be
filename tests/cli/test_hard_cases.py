"""What a person at a shell does that programmers forget: names that are no text, Ctrl-D, several things on a line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import pytest

from builders.command_home import NOWHERE, CommandHome
from builders.storage import make_pictures
from strandline.cli import changes
from strandline.cli.main import main

ONE, TWO = make_pictures(2)


def run(made: CommandHome, *words: str) -> int:
    """Runs the command line."""
    return main(["--home", str(made.home), *words])


@pytest.fixture
def vault(made: CommandHome, capsys: pytest.CaptureFixture[str]) -> Path:
    """A vault with two pictures that a note has on one line."""
    root = made.folder / "Vault"
    root.mkdir(parents=True)
    (root / "one.png").write_bytes(ONE)
    (root / "two.png").write_bytes(TWO)
    (root / "Note.md").write_text("![](one.png) ![](two.png)\n")
    assert run(made, "sd", "add", str(root)) == 0
    capsys.readouterr()
    return root


@pytest.mark.parametrize("error", [KeyboardInterrupt, EOFError])
def test_a_question_can_be_left(
    made: CommandHome, vault: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """Ctrl-C ends the command (130); the end of input is a no (5). Nothing is done."""
    run(made, "delete", str(vault / "one.png"))
    monkeypatch.setenv("STRANDLINE_TRASH_GRACE_DAYS", "0")
    monkeypatch.setattr(changes, "asks_a_person", lambda: True)

    def leave(*_: object, **__: object) -> bool:
        try:
            raise error
        except (KeyboardInterrupt, EOFError):
            raise click.Abort from None

    monkeypatch.setattr(click, "confirm", leave)
    assert run(made, "trash", "empty") == (130 if error is KeyboardInterrupt else 5)
    assert run(made, "trash", "restore", "--dry-run", NOWHERE) == 4


@pytest.mark.parametrize(
    ("name", "why"), [(os.fsdecode(b"lat\xe9in.png"), "not valid text"), ("new\nline.png", "a newline")]
)
@pytest.mark.parametrize("command", ["exists", "info", "explain", "path", "whereis"])
def test_a_name_that_is_not_kept_is_told(
    made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str], command: str, name: str, why: str
) -> None:
    """2, with what to do; in a list, the others are answered."""
    (vault / name).write_bytes(TWO)
    assert run(made, command, str(vault / name)) == 2
    assert why in capsys.readouterr().err
    assert run(made, command, "--in", str(vault / "Note.md"), name) == 2
    capsys.readouterr()
    run(made, command, str(vault / name), str(vault / "one.png"))
    assert capsys.readouterr().out


def test_several_references_on_a_line_are_not_cut(
    made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of them would be answered, and the others forgotten in silence."""
    line = (vault / "Note.md").read_text()
    assert run(made, "path", "--in", str(vault / "Note.md"), line) == 2
    assert "has 2 references (one.png, two.png); give one at a time" in capsys.readouterr().err
    assert run(made, "path", "--in", str(vault / "Note.md"), "![](one.png)") == 0


def test_a_pipe_gets_exact_numbers_and_times(
    made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes, and times in UTC; no commas for thousands."""
    run(made, "delete", str(vault / "one.png"))
    capsys.readouterr()
    run(made, "trash", "list")
    _, at, size, reason, place = capsys.readouterr().out.rstrip("\n").split("\t")
    assert (size, reason, place) == (str(len(ONE)), "deleted", str(vault / "one.png"))
    assert at.endswith("Z")
    assert "T" in at


def test_a_folder_that_is_not_there_is_no_file(made: CommandHome, vault: Path, tmp_path: Path) -> None:
    """``-o dir/`` means a folder, as in every other program."""
    assert run(made, "get", str(vault / "one.png"), "-o", f"{tmp_path}/new/") == 2
    assert not (tmp_path / "new").exists()


def test_an_image_that_a_repair_moves_is_named(made: CommandHome, capsys: pytest.CaptureFixture[str]) -> None:
    """It gets an id of its own, and a file that a person did not ask for."""
    roots = made.make_storage_dir("One"), made.make_storage_dir("Two")
    image_id, _ = [made.put(root, 1) for root in roots]
    made.look(*roots)
    (roots[0] / "media" / f"{image_id}.png").write_bytes(ONE)
    made.look(hours_ago=1)
    made.look()
    assert run(made, "verify", "One", "--repair", "--json") == 0
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["state"], finding["healed"]) == ("foreign", True)
    assert (roots[0] / finding["kept_as"]).read_bytes() == ONE
