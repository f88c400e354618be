"""Copy and move as a person types them: what is said, and the exit status."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from builders.command_home import NOWHERE, CommandHome
from builders.storage import id_of, make_pictures
from strandline.cli.main import main

ONE, TWO = make_pictures(2)


def run(made: CommandHome, *words: str) -> int:
    """Runs the command line on the home, which the environment names."""
    return main(list(words))


@pytest.fixture
def vault(made: CommandHome, capsys: pytest.CaptureFixture[str]) -> Path:
    """A vault with two pictures, one of them in a note, beside a storage directory ``Archive``."""
    root = made.folder / "Vault"
    root.mkdir(parents=True)
    (root / "one.png").write_bytes(ONE)
    (root / "two.png").write_bytes(TWO)
    (root / "Note.md").write_text("![](one.png)\n")
    assert run(made, "sd", "add", str(root)) == 0
    made.look(made.make_storage_dir("Archive"))
    capsys.readouterr()
    return root


class TestCopy:
    """Images are in both."""

    def test_a_person_learns_what_was_written(
        self, made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """And what was there before. A dry run says the same beforehand."""
        assert run(made, "copy", "--all", "--from", "Vault", "--to", "Archive", "--dry-run") == 0
        assert sorted(capsys.readouterr().out.splitlines()) == sorted(
            f"would copy {id_of(data)} in 'Archive'" for data in (ONE, TWO)
        )
        assert run(made, "copy", str(vault / "one.png"), "--to", "Archive") == 0
        assert capsys.readouterr().out == f"copied media/{id_of(ONE)}.png in 'Archive'\n"
        assert run(made, "copy", "--search", "png", "--to", "Archive") == 0
        told = capsys.readouterr()
        assert told.out == f"copied media/{id_of(TWO)}.png in 'Archive'\n"
        undo = f"strandline delete --sd Archive {id_of(TWO)}"
        assert told.err.splitlines() == [
            "strandline: 1 image is in 'Archive' already", f"strandline: to undo, run `{undo}`",
        ]  # fmt: skip
        assert run(made, *undo.split()[1:]) == 0

    def test_all_that_a_note_uses(
        self, made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What is not there is told, and is a finding."""
        (vault / "Note.md").write_text("![](one.png)\n![](gone.png)\n")
        assert run(made, "copy", "--note", str(vault / "Note.md"), "--to", "Archive", "--json") == 1
        told = capsys.readouterr()
        report = json.loads(told.out)
        assert [row["image_id"] for row in report["copied"]] == [id_of(ONE)]
        assert report["refused"][0] | {"message": "", "sd_id": ""} == {
            "image_id": None, "sd_id": "", "sd_name": "Vault", "path": "gone.png", "code": "source-not-found",
            "message": "",
        }  # fmt: skip
        assert "Note.md:2 refers to gone.png" in told.err

    @pytest.mark.parametrize(
        "words",
        [(), ("--all", "--search", "x"), (NOWHERE, "--all"), (NOWHERE, "--from", "Vault")],
        ids=["nothing", "two ways", "an id and all", "an id and a source"],
    )
    @pytest.mark.usefixtures("vault")
    def test_it_must_be_said_which_images(self, made: CommandHome, words: tuple[str, ...]) -> None:
        """In one way."""
        assert run(made, "copy", *words, "--to", "Archive") == 2

    @pytest.mark.usefixtures("vault")
    def test_an_image_that_is_nowhere(self, made: CommandHome) -> None:
        """4, and 4 for an unknown target."""
        assert run(made, "copy", NOWHERE, "--to", "Archive") == 4
        assert run(made, "copy", id_of(ONE), "--to", "Nowhere") == 4


@pytest.mark.usefixtures("vault")
def test_info_says_if_only_one_has_it(made: CommandHome, capsys: pytest.CaptureFixture[str]) -> None:
    """Until it is in both."""
    assert run(made, "info", id_of(ONE)) == 0
    assert re.search(r"^only in\tVault$", capsys.readouterr().out, re.MULTILINE)
    assert run(made, "copy", id_of(ONE), "--to", "Archive") == 0
    assert run(made, "info", id_of(ONE)) == 0
    assert "only in" not in capsys.readouterr().out


class TestMove:
    """Images leave one for the other."""

    def test_notes_keep_their_pictures(
        self, made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Unless a person insists. How to have the file back is said."""
        assert run(made, "move", "--all", "--from", "Vault", "--to", "Archive") == 1
        told = capsys.readouterr()
        assert told.out == "moved two.png in 'Vault' to 'Archive'\n"
        assert [line.removeprefix("strandline: ") for line in told.err.splitlines()] == [
            f"to have them in both, run `strandline trash restore {id_of(TWO)}`",
            "one.png in 'Vault' is used by Note.md:1, which would lose it; copy it, or insist with --yes",
        ]
        assert run(made, "move", id_of(ONE), "--to", "Archive") == 5
        assert run(made, "move", id_of(ONE), "--to", "Archive", "--yes", "--json") == 0
        report = json.loads(capsys.readouterr().out)
        assert [(row["sd_name"], row["path"]) for row in report["done"]] == [("Vault", "one.png")]
        assert [row["sd_name"] for row in report["copied"]] == ["Archive"]
        assert [use["note"] for use in report["uses"]] == ["Note.md"]
        assert sorted(path.name for path in vault.iterdir()) == ["Note.md"]
        assert run(made, "move", id_of(ONE), "--to", "Archive") == 0
        assert capsys.readouterr().err == "strandline: nothing to do for 'Archive'\n"

    def test_a_dry_run_moves_nothing(
        self, made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It says what would go, and what would not."""
        assert run(made, "move", id_of(ONE), id_of(TWO), "--to", "Archive", "--dry-run") == 1
        told = capsys.readouterr()
        assert told.out == "would move two.png in 'Vault' to 'Archive'\n"
        assert "is used by Note.md:1" in told.err
        assert (vault / "two.png").exists()
