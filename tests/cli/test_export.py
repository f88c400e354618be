"""``strandline export``: what a person types, and what the exit status says."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.program import run


@pytest.fixture
def notes(made: CommandHome) -> Path:
    """A folder with two images."""
    root = made.make_storage_dir()
    for seed in (1, 2):
        made.put(root, seed)
    made.look(root)
    return root


def test_images_are_exported_by_id_or_by_query(made: CommandHome, notes: Path, tmp_path: Path) -> None:
    """One of the two, or all."""
    one = made.put(notes, 3)
    assert run("export", one, "-o", tmp_path / "one.zip").text.startswith("1 image in ")
    answer = run("export", "--sd", "Notes", "-o", tmp_path / "out", "--json")
    assert answer.status == 0
    assert [len(answer.json[key]) for key in ("plan", "done", "refused")] == [3, 3, 0]
    assert answer.json["written_to"] == str(tmp_path / "out")
    assert set(answer.json["done"][0]) >= {"image_id", "sd_id", "path", "name", "sha256"}
    said = run("export", "--all", "-o", tmp_path / "out").text
    assert said.startswith("3 images in ")
    assert said.endswith("3 of them were there\n")


@pytest.mark.parametrize("words", [(), ("--all", "--sd", "Notes"), ("0" * 32, "--all")], ids=str)
def test_what_is_meant_must_be_said(notes: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    """Nobody exports everything by forgetting an option."""
    assert run("export", *words, "-o", tmp_path / "out").status == 2
    assert not (tmp_path / "out").exists()


def test_the_exit_status_says_what_was_left_out(made: CommandHome, notes: Path, tmp_path: Path) -> None:
    """1 if some were; if all were, why. 5 if the target is taken, 4 if nothing matches."""
    half = made.put_half(notes)
    made.look(notes)
    some = run("export", "--all", "-o", tmp_path / "out")
    assert (some.status, "still arriving" in some.stderr) == (1, True)
    assert run("export", half, "-o", tmp_path / "half").status == 6
    assert run("export", "--all", "-o", notes / "out").status == 5
    assert run("export", "--search", "nothing", "-o", tmp_path / "none").status == 4


def test_a_dry_run_lists_names(notes: Path, tmp_path: Path) -> None:
    """One a line."""
    answer = run("export", "--all", "-o", tmp_path / "out", "--dry-run")
    assert (answer.status, len(answer.text.splitlines())) == (0, 2)
    assert not (tmp_path / "out").exists()
