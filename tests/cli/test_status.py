"""``strandline status``: one sentence, a line for each folder, and exit statuses for cron."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.named_vault import put
from builders.pictures import make_picture
from builders.program import run


@pytest.fixture
def notes(made: CommandHome) -> Path:
    """A folder with an image."""
    root = made.make_storage_dir()
    made.put(root)
    made.look(root)
    return root


def test_all_is_well(made: CommandHome, notes: Path) -> None:
    """0, and one sentence that says it."""
    answer = run("status")
    assert answer.status == 0
    first, blank, row = answer.text.splitlines()
    assert first.startswith("All is well: 1 image (")
    assert (blank, row.split("\t")[:3]) == ("", ["Notes", "online", "1"])


def test_a_person_should_look(made: CommandHome, notes: Path) -> None:
    """1, and what it is."""
    made.put_damaged(notes)
    answer = run("status")
    assert answer.status == 1
    assert answer.text.startswith("Notes needs a look. In all: 2 images ")
    assert "  Notes: 1 image is damaged\n" in answer.text


def test_what_is_offline_cannot_be_told(made: CommandHome, notes: Path) -> None:
    """6, as it is now, although nobody watches. With damage elsewhere: 1."""
    shutil.move(notes, notes.with_name("unmounted"))
    answer = run("status", "--json")
    assert answer.status == 6
    assert [each["kind"] for each in answer.json["reasons"]] == ["offline"]
    assert answer.json["outcome"] == "unknown"
    made.put_damaged(made.make_storage_dir("Other"))
    assert run("status").status == 1


def test_notes_that_nobody_looked_at_are_not_called_well(made: CommandHome) -> None:
    """They may miss any picture. A check of all of them tells, and then the status knows what it found."""
    root = made.folder / "Vault"
    put(root, "one.png", make_picture("png"))
    put(root, "a.md", b"![](one.png) ![](two.png)")
    assert run("sd", "add", root).status == 0
    answer = run("status")
    assert answer.status == 6
    assert answer.text.startswith(
        "Nothing is known to be wrong, but the notes of Vault were not looked at yet. In all: 1 "
    )
    assert "  Vault: its notes were not looked at yet; `strandline check Vault` does\n" in answer.text
    assert run("check", root / "a.md").status == 1
    assert run("status").status == 6, "only a part was looked at"
    assert run("check", "Vault").status == 1
    answer = run("status")
    assert answer.status == 1
    assert "  Vault: 1 reference in its notes leads to no picture\n" in answer.text
    put(root, "two.png", make_picture("png", seed=2))
    assert run("check", "Vault").status == 0
    assert run("status").status == 0


def test_an_empty_home_is_told_what_to_do(made: CommandHome) -> None:
    """6, because it may be the wrong one: it says which, that it is new, and how to begin."""
    answer = run("status")
    assert answer.status == 6
    assert f"home {made.home}: no storage directory" in answer.text
    assert answer.stderr == f"strandline: the home {made.home} is new: nothing was there\n"
    assert run("status").stderr == ""
    assert "`strandline sd add PATH`" in answer.text
