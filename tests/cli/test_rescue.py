"""Wanted, rescue, and provide as a person types them: what is said, and the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.storage import id_of, make_pictures, put_half
from strandline.cli.main import main

ONE, TWO = make_pictures(2)
PATH = f"media/{id_of(ONE)}.png"


def run(made: CommandHome, *words: str) -> int:
    """Runs the command line on the home, which the environment names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRANDLINE_HOME", str(made.home))
        return main(list(words))


@pytest.fixture
def notes(made: CommandHome, capsys: pytest.CaptureFixture[str]) -> Path:
    """A storage directory in which half an image has been arriving."""
    root = made.make_storage_dir("Notes")
    put_half(root, ONE)
    made.look(root)
    capsys.readouterr()
    return root


def test_what_is_wanted_is_found_in_a_backup(
    made: CommandHome, notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Told, tried, done, and then nothing is wanted any more."""
    assert run(made, "wanted") == 1
    assert capsys.readouterr().out == f"arriving: {PATH} in 'Notes'\n"
    backup = tmp_path / "backup"
    backup.mkdir()
    assert run(made, "rescue", str(backup)) == 1
    told = capsys.readouterr()
    assert told.out == "1 wanted file is not in there; looked at 0 files, and read 0\n"
    assert "run `strandline wanted`" in told.err
    (backup / "old.png").write_bytes(ONE)
    assert run(made, "rescue", str(backup), "--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{PATH} in 'Notes' would be back",
        "looked at 1 file, and read 1",
    ]
    assert run(made, "rescue", str(backup), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert [row["path"] for row in report["plan"]] == [row["path"] for row in report["done"]] == [PATH]
    assert (report["refused"], report["not_found"], report["files"], report["checked"]) == ([], [], 1, 1)
    assert (notes / PATH).read_bytes() == ONE
    assert run(made, "wanted") == 0
    assert capsys.readouterr().out == "nothing is missing or damaged\n"
    assert run(made, "rescue", str(backup)) == 0
    assert run(made, "rescue", str(backup / "nothing")) == 4


def test_another_machine_provides(
    made: CommandHome, notes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the list of the first."""
    assert run(made, "wanted", "Notes", "--json") == 1
    text = capsys.readouterr().out
    assert json.loads(text)["wanted"][0]["image_id"] == id_of(ONE)
    other = CommandHome(tmp_path / "other-home", tmp_path / "other")
    root = other.make_storage_dir("Pictures")
    (tmp_path / "list.json").write_text(text)
    target = str(tmp_path / "for ada")
    assert run(other, "provide", str(tmp_path / "list.json"), "-o", target) == 4
    assert "no storage directory here has the bytes of" in capsys.readouterr().err
    (root / "media" / f"{id_of(ONE)}.png").write_bytes(ONE)
    assert run(other, "provide", str(tmp_path / "list.json"), "-o", target) == 0
    assert capsys.readouterr().out.startswith("1 image (")
    assert run(made, "rescue", target) == 0
    assert (notes / PATH).read_bytes() == ONE
    (tmp_path / "list.json").write_text("{}")
    assert run(other, "provide", str(tmp_path / "list.json"), "-o", target) == 2


def test_what_went_a_moment_ago_is_told(
    made: CommandHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It does not count as missing yet, and both commands say what makes it count."""
    root, backup = made.make_storage_dir("Notes"), tmp_path / "backup"
    backup.mkdir()
    gone, *others = [made.put(root, seed) for seed in range(3)]
    made.look(root)
    (root / f"media/{gone}.png").rename(backup / "one.png")
    run(made, "scan")
    capsys.readouterr()
    assert run(made, "wanted") == 0
    told = (
        "1 more file in 'Notes' was not there at the last scan, and counts as missing after a scan a minute later: "
        "`strandline scan Notes`"
    )
    assert told in capsys.readouterr().err
    run(made, "rescue", str(backup), "--json")
    answer = capsys.readouterr()
    assert [each["files"] for each in json.loads(answer.out)["not_yet_missing"]] == [1]
    assert told in answer.err
    for each in others:
        (root / f"media/{each}.png").unlink()
    run(made, "scan")
    capsys.readouterr()
    run(made, "wanted")
    assert "3 more files in 'Notes' were not there at the last scan" in (said := capsys.readouterr().err)
    assert "`strandline sd confirm Notes`" in said
