"""Delete, trash, and verify as a person types them: what is said, what is asked, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from builders.command_home import NOWHERE, CommandHome
from builders.storage import id_of, make_pictures
from strandline.cli import changes, deleting
from strandline.cli.main import main

ONE, TWO = make_pictures(2)


def run(made: CommandHome, *words: str) -> int:
    """Runs the command line on the home, which the environment names."""
    return main(list(words))


@pytest.fixture
def vault(made: CommandHome, capsys: pytest.CaptureFixture[str]) -> Path:
    """A vault with a picture, a copy of it, and a note."""
    root = made.folder / "Vault"
    (root / "img").mkdir(parents=True)
    for path in ("img/one.png", "copy.png"):
        (root / path).write_bytes(ONE)
    (root / "Note.md").write_text("![](img/one.png)\n")
    assert run(made, "sd", "add", str(root)) == 0
    capsys.readouterr()
    return root


class TestDelete:
    """Images go."""

    def test_a_person_learns_what_happens(
        self, made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """First what it means for other machines, then the notes, then what was done, and how to undo it."""
        assert run(made, "delete", id_of(ONE)) == 0
        told = capsys.readouterr()
        assert told.out.splitlines() == ["deleted copy.png in 'Vault'", "deleted img/one.png in 'Vault'"]
        assert [line.removeprefix("strandline: ") for line in told.err.splitlines()] == [
            "deleting takes files out of their folder, so a sync client takes them away on your other machines, too; "
            "this machine keeps them for 30 days",
            "Vault: Note.md:1 uses img/one.png",
            f"to undo, run `strandline trash restore {id_of(ONE)}`",
        ]
        assert sorted(path.name for path in vault.rglob("*.png")) == []
        assert run(made, "explain", id_of(ONE)) == 0
        assert f"`strandline trash restore {id_of(ONE)}`" in capsys.readouterr().out
        assert run(made, "get", id_of(ONE)) == 4
        assert "is in the trash of this machine" in capsys.readouterr().err
        assert run(made, "check", str(vault)) == 1
        assert (
            f"it was deleted on this machine; `strandline trash restore {id_of(ONE)}`"
            in capsys.readouterr().out
        )
        assert run(made, "trash", "restore", id_of(ONE)) == 0
        assert capsys.readouterr().out.splitlines() == [
            "copy.png in 'Vault' is back",
            "img/one.png in 'Vault' is back",
        ]

    def test_a_path_means_one_file(
        self, made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The copy stays."""
        assert run(made, "delete", str(vault / "img/one.png"), "--dry-run") == 0
        assert capsys.readouterr().out == "would delete img/one.png in 'Vault'\n"
        assert run(made, "delete", str(vault / "img/one.png"), "--json") == 0
        report = json.loads(capsys.readouterr().out)
        assert [row["path"] for row in report["done"]] == ["img/one.png"]
        assert [(use["note"], use["line"]) for use in report["uses"]] == [("Note.md", 1)]
        assert (vault / "copy.png").exists()

    def test_without_a_terminal_nobody_can_say_from_which_folder(
        self, made: CommandHome, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Nothing is deleted, and the folders are named."""
        roots = made.make_storage_dir("One"), made.make_storage_dir("Two")
        image_id, _ = [made.put(root) for root in roots]
        made.look(*roots)
        assert run(made, "delete", image_id) == 5
        assert "'One', 'Two'; nothing was deleted; say from which with --sd" in capsys.readouterr().err
        assert run(made, "delete", image_id, "--sd", "Two", "--sd", "One") == 0
        assert [list((root / "media").iterdir()) for root in roots] == [[], []]

    @pytest.mark.parametrize(("answer", "left"), [("2", ["One"]), ("all", []), ("none", ["One", "Two"])])
    def test_at_a_terminal_a_person_is_asked(
        self, made: CommandHome, monkeypatch: pytest.MonkeyPatch, answer: str, left: list[str]
    ) -> None:
        """By number, or all, or none."""
        roots = made.make_storage_dir("One"), made.make_storage_dir("Two")
        image_id, _ = [made.put(root) for root in roots]
        made.look(*roots)
        monkeypatch.setattr(deleting, "asks_a_person", lambda: True)
        monkeypatch.setattr(click, "prompt", lambda *_, **__: answer)
        assert run(made, "delete", image_id) == (5 if answer == "none" else 0)
        assert [root.name for root in roots if list((root / "media").iterdir())] == left

    def test_yes_asks_nothing(self, made: CommandHome, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also at a terminal. Which folder is meant, it does not answer."""
        roots = made.make_storage_dir("One"), made.make_storage_dir("Two")
        image_id, _ = [made.put(root) for root in roots]
        made.look(*roots)
        monkeypatch.setattr(deleting, "asks_a_person", lambda: True)
        monkeypatch.delattr(click, "prompt")
        assert run(made, "delete", "--yes", image_id) == 5
        assert run(made, "delete", "--yes", image_id, "--sd", "Two") == 0
        assert [root.name for root in roots if list((root / "media").iterdir())] == ["One"]

    def test_what_is_refused_is_told(self, made: CommandHome, capsys: pytest.CaptureFixture[str]) -> None:
        """4 if there is no such image; 5 if it may not go; 1 if only some went."""
        root = made.make_storage_dir("One")
        images = [made.put(root, seed) for seed in range(2)]
        made.look(root)
        assert run(made, "delete", NOWHERE) == 4
        assert run(made, "delete", images[0], NOWHERE) == 1
        assert "nothing was deleted" in capsys.readouterr().err
        root.rename(made.folder / "away")
        assert run(made, "delete", images[1]) == 5
        assert "is offline" in capsys.readouterr().err


class TestTrash:
    """What is in it, and how it leaves."""

    def test_it_is_listed(self, made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Latest first; an empty one says so."""
        assert run(made, "trash", "list") == 0
        assert capsys.readouterr().out == "the trash is empty\n"
        run(made, "delete", str(vault / "copy.png"))
        capsys.readouterr()
        assert run(made, "trash", "list", "--json") == 0
        (entry,) = json.loads(capsys.readouterr().out)["trash"]
        assert (entry["image_id"], entry["path"], entry["reason"]) == (id_of(ONE), "copy.png", "deleted")
        assert entry["size_bytes"] == len(ONE)

    @pytest.mark.parametrize("form", ["{vault}/img/one.png", "img/one.png", "one.png"])
    def test_a_path_or_a_name_finds_what_is_deleted(
        self, made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str], form: str
    ) -> None:
        """Only that file comes back."""
        run(made, "delete", "--yes", id_of(ONE))
        capsys.readouterr()
        assert run(made, "trash", "restore", form.format(vault=vault)) == 0
        assert capsys.readouterr().out == "img/one.png in 'Vault' is back\n"
        assert not (vault / "copy.png").exists()

    def test_a_taken_place_is_told(
        self, made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Exit status 1; nothing is replaced. Nothing to restore is 4."""
        run(made, "delete", str(vault / "copy.png"))
        (vault / "copy.png").write_bytes(TWO)
        assert run(made, "trash", "restore", id_of(ONE)) == 1
        assert "something else is at" in capsys.readouterr().err
        assert run(made, "trash", "restore", NOWHERE) == 4

    def test_emptying_needs_a_yes_and_its_time(
        self,
        made: CommandHome,
        vault: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Nothing leaves before 30 days. Then a person is asked, and a script must say so."""
        run(made, "delete", str(vault / "copy.png"))
        assert run(made, "trash", "empty", "--yes") == 0
        assert "nothing has been in the trash for 30 days" in capsys.readouterr().out
        monkeypatch.setenv("STRANDLINE_TRASH_GRACE_DAYS", "0")
        assert run(made, "trash", "empty") == 5
        assert "for good; to do that without being asked, give --yes" in capsys.readouterr().err
        monkeypatch.setattr(changes, "asks_a_person", lambda: True)
        monkeypatch.setattr(click, "confirm", lambda *_, **__: False)
        assert run(made, "trash", "empty") == 5
        assert run(made, "trash", "empty", "--dry-run") == 0
        assert "1 file would be removed for good" in capsys.readouterr().out
        assert run(made, "trash", "empty", "--yes") == 0
        assert run(made, "trash", "list") == 0
        assert "the trash is empty" in capsys.readouterr().out


class TestVerify:
    """Found, and healed."""

    def test_what_is_bad_is_told_and_healed(
        self, made: CommandHome, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Exit status 1 until it is healed."""
        roots = made.make_storage_dir("One"), made.make_storage_dir("Two")
        for root in roots:
            made.put(root, 100)
        made.look(*roots)
        assert run(made, "verify") == 0
        assert capsys.readouterr().out.startswith("2 files, all verified within 30 days")
        made.put_half(roots[0])
        assert run(made, "verify") == 1
        told = capsys.readouterr()
        assert "arriving: media/" in told.out
        assert "`strandline verify --repair`" in told.err
        assert run(made, "verify", "--repair", "--dry-run") == 1
        assert "1 file would be healed" in capsys.readouterr().out
        assert run(made, "verify", "--repair", "--json") == 0
        report = json.loads(capsys.readouterr().out)
        assert ([row["healed"] for row in report["findings"]], len(report["done"])) == ([True], 1)
        assert run(made, "verify", "--full") == 0

    @pytest.mark.parametrize(
        ("words", "status"),
        [
            (["--since", "soon"], 2),
            (["--budget", "20"], 2),
            (["--from", "."], 2),
            (["--full", "--since", "1d"], 2),
            (["--repair", "--from", "/nowhere/at/all"], 4),
            (["Nowhere"], 4),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, made: CommandHome, words: list[str], status: int) -> None:
        """Before anything is read."""
        assert run(made, "verify", *words) == status

    def test_what_is_away_cannot_be_told(self, made: CommandHome) -> None:
        """6, as everywhere."""
        root = made.make_storage_dir("One")
        made.put(root)
        made.look(root)
        root.rename(made.folder / "away")
        assert run(made, "verify") == 6


def test_a_note_that_only_has_the_name_is_told(
    made: CommandHome, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Logseq's page has its icon as a property, which is no reference. It may use the picture all the same."""
    (vault / "Page.md").write_text("icon:: ../img/one.png\n")
    capsys.readouterr()
    assert run(made, "delete", str(vault / "img/one.png")) == 0
    told = capsys.readouterr().err
    assert "strandline: Vault: Page.md has the name of img/one.png, and may use it\n" in told


def test_the_list_says_where_a_folder_is_now(made: CommandHome, capsys: pytest.CaptureFixture[str]) -> None:
    """It was elsewhere when the file was deleted, or on another computer."""
    root = made.make_storage_dir("Notes")
    image = made.put(root)
    made.look(root)
    assert run(made, "delete", image) == 0
    root.rename(root.with_name("Moved"))
    assert run(made, "sd", "move", "Notes", str(root.with_name("Moved"))) == 0
    capsys.readouterr()
    assert run(made, "trash", "list") == 0
    assert f"{root.with_name('Moved')}/media/{image}.png" in capsys.readouterr().out
