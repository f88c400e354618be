"""What ``save`` says at the end if it was given several images."""

from __future__ import annotations

from pathlib import Path

from builders.command_home import CommandHome
from builders.pictures import make_picture
from builders.program import run


def test_saving_several_says_how_many(made: CommandHome, tmp_path: Path) -> None:
    """New ones, those that were there, half ones, and failures: each has its number, on one line of stderr."""
    root = made.make_storage_dir()
    known, new, half = make_picture("png"), make_picture("jpg"), make_picture("png", seed=9)
    files = {
        "known.png": known,
        "new.jpg": new,
        "half.png": half[: len(half) // 2],
        "text.png": b"no picture",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert run("save", tmp_path / "known.png", "--sd", root).status == 0
    saved = run("save", *(tmp_path / name for name in files), "--sd", root)
    assert "strandline: 2 images saved, 1 there already, 1 of them incomplete, 1 failed\n" in saved.stderr
    assert len(saved.text.splitlines()) == 3
