"""What ``save`` says at the end if it was given several images."""

from __future__ import annotations

from pathlib import Path

from builders.command_home import CommandHome
from builders.pictures import make_picture
from builders.program import run, run_on_terminal
from strandline.cli.save import SHOWN_KNOWN
from strandline.model.image_ids import hash_to_content_id


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


def test_saving_a_folder_says_what_it_left_out_and_what_was_there(made: CommandHome, tmp_path: Path) -> None:
    """In words on stderr, with the id of what was there, and in JSON as a list. It is no failure."""
    root = made.make_storage_dir()
    picture = make_picture("png")
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a.png", "b.png"):
        (photos / name).write_bytes(picture)
    (photos / "scan.tiff").write_bytes(b"II*\0")
    (photos / "empty.jpg").write_bytes(b"")
    (photos / "note.md").write_bytes(b"# a note")
    image_id = hash_to_content_id(picture)
    said = run("save", "-r", photos, "--sd", root)
    assert (said.status, len(said.text.splitlines())) == (0, 2)
    assert said.stderr.splitlines() == [
        "strandline: 1 left out, pictures of types that cannot be kept: scan.tiff",
        "strandline: 1 left out, empty: empty.jpg",
        "strandline: 1 left out, not pictures",
        f"strandline: {photos}/b.png is there already, as {image_id}",
        "strandline: 1 image saved, 1 there already",
    ]
    assert run("save", "-r", photos, "--sd", root, "--json").json["left_out"] == [
        {"path": f"{photos}/empty.jpg", "reason": "empty"},
        {"path": f"{photos}/note.md", "reason": "unsupported"},
        {"path": f"{photos}/scan.tiff", "reason": "unsupported-picture"},
    ]


def test_a_second_run_over_a_folder_is_summed_up(made: CommandHome, tmp_path: Path) -> None:
    """Thousands were there already: that is one line, and nothing for a terminal but what is new. A pipe has all."""
    root = made.make_storage_dir()
    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in range(SHOWN_KNOWN + 1):
        (photos / f"{seed}.png").write_bytes(make_picture("png", seed=seed))
    assert len(run("save", "-r", photos, "--sd", root).text.splitlines()) == SHOWN_KNOWN + 1
    (photos / "new.png").write_bytes(make_picture("png", seed=99))
    summary = f"strandline: 1 image saved, {SHOWN_KNOWN + 1} there already (--json lists them)"
    status, said = run_on_terminal("save", "-r", photos, "--sd", root, columns=200)
    assert (status, said.count("![")) == (0, 1)
    assert said.splitlines()[-1].endswith(summary)
    again = run("save", "-r", photos, "--sd", root)
    assert len(again.text.splitlines()) == SHOWN_KNOWN + 2
    assert again.stderr.splitlines() == [
        f"strandline: 0 images saved, {SHOWN_KNOWN + 2} there already (--json lists them)"
    ]


def test_failures_name_each_thing_once(made: CommandHome, tmp_path: Path) -> None:
    """A message that names the file gets no second name in front. Nothing on stdin is called that."""
    root = made.make_storage_dir()
    (tmp_path / "LICENSES.md").write_bytes(b"no picture")
    failed = run("save", tmp_path / "LICENSES.md", "-", "--sd", root)
    assert failed.status == 2
    _, unsupported, nothing = failed.stderr.splitlines()
    assert unsupported.startswith(f"strandline: {tmp_path}/LICENSES.md is not an image of a supported type")
    assert unsupported.count("LICENSES.md") == 1
    assert "nothing on stdin" in nothing
