"""The letter that ``inspect`` writes: quiet when all is well, complete and helpful when not."""

from __future__ import annotations

import pytest

from builders.program import terminal
from builders.reports import IMAGE_ID, make_storage_dir, make_sync_status
from strandline.cli.inspection_letter import list_verbs, show_letter
from strandline.model.discrepancies import DISCREPANCIES, Discrepancy
from strandline.model.reports import Finding
from strandline.model.storage_dirs import StorageDirState
from strandline.model.sync_status import FileItem


def make_items(number: int) -> list[FileItem]:
    """This many files with distinct names."""
    return [FileItem(f"{IMAGE_ID[:-4]}{n:04x}.png", IMAGE_ID, 1000 + n) for n in range(number)]


def test_all_is_well_in_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A healthy folder gets its name and one line, and nothing to worry about."""
    show_letter(make_sync_status())
    assert capsys.readouterr().out.splitlines() == [
        "Notes  (/somewhere/Notes)",
        "Healthy: 1,204 images, 3.1 GB; disk and catalog agree.",
    ]


@pytest.mark.parametrize("row", DISCREPANCIES, ids=lambda row: row.key)
def test_every_discrepancy_names_its_files_and_what_to_do(
    row: Discrepancy, capsys: pytest.CaptureFixture[str]
) -> None:
    """How many, which, what it means, and a remedy in commands; and the folder is not called healthy."""
    items = make_items(2)
    show_letter(make_sync_status(lists={row.key: items}))
    letter = capsys.readouterr().out
    assert f"\n2 {row.many}\n" in letter
    assert all(item.filename in letter for item in items)
    assert row.meaning in letter
    assert f"What to do: {row.say_remedy(list_verbs(make_storage_dir()))}" in letter
    assert "{" not in letter
    assert "Healthy" not in letter


def test_a_terminal_gets_ten_files_and_a_pipe_all(capsys: pytest.CaptureFixture[str]) -> None:
    """A flood is cut where a person reads, and says by how much and where the rest is."""
    status = make_sync_status(lists={"damaged": make_items(1234)})
    with terminal() as screen:
        show_letter(status)
    assert screen.getvalue().count(".png") == 10
    assert "and 1,224 more: --json lists all" in screen.getvalue()
    assert max(map(len, screen.getvalue().splitlines())) <= 80
    show_letter(status)
    assert capsys.readouterr().out.count(".png") == 1234


def test_the_special_facts_of_a_file_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Such as what a conflict copy's bytes are, in words."""
    show_letter(
        make_sync_status(
            lists={"conflict_copies": [FileItem("x (1).png", None, 10, (("bytes_are", "true"),))]}
        )
    )
    assert "  x (1).png  (10 B, bytes are: true)" in capsys.readouterr().out


def test_a_folder_that_cannot_be_listed_claims_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Offline: why, once, and no word about images on the disk."""
    sd = make_storage_dir(state=StorageDirState.OFFLINE, problem="its disk is not mounted")
    status = make_sync_status(sd)
    status.problems.append(Finding("offline", "its disk is not mounted"))
    status.identity["problem"] = "its disk is not mounted"
    show_letter(status)
    letter = capsys.readouterr().out
    assert "This storage directory is offline" in letter
    assert letter.count("its disk is not mounted") == 1
    assert "on the disk" not in letter


def test_problems_and_identity_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Each problem in a sentence; of the identity only what is out of the ordinary."""
    status = make_sync_status()
    status.problems.append(Finding("symlink", "media is a link; put the folder itself there", "media"))
    status.identity |= {
        "legacy": "x",
        "conflict_copies": [{"filename": "SD_ID (1)", "value": "a"}],
        "aliases": ["a", "b"],
    }
    show_letter(status)
    letter = capsys.readouterr().out
    assert "Symlink\n  media: media is a link; put the folder itself there" in letter
    assert "Conflict copies of SD_ID: SD_ID (1)." in letter
    assert "Also known as: a and b." in letter


def test_hostile_names_are_harmless() -> None:
    """A file name from another machine does nothing to the terminal."""
    hostile = "\x1b]0;owned\x07\u202e\udcff\n"
    sd = make_storage_dir(name=hostile)
    with terminal() as screen:
        show_letter(make_sync_status(sd, {"strays": [FileItem(hostile, None, 1)]}))
    assert screen.getvalue().count("owned") == 4
    assert all(char.isprintable() or char == "\n" for char in screen.getvalue())
