"""Exit statuses are a contract (SPEC §9): each with its situation."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.command_home import NOWHERE, CommandHome
from builders.pictures import make_picture
from builders.program import Run, run, run_process

BYTES = ["get", "path", "data-url", "thumbnail"]


def ask_for_bytes(image_id: str) -> set[int]:
    """The exit status of the four commands that output an image. They must agree."""
    return {run(command, image_id).status for command in BYTES}


def make_present(made: CommandHome) -> str:
    """An image that has never been read."""
    root = made.make_storage_dir()
    return made.put(root)


def make_arriving(made: CommandHome) -> str:
    """Half an image that has been looked at."""
    root = made.make_storage_dir()
    image_id = made.put_half(root)
    made.look(root)
    return image_id


def make_online_only(made: CommandHome) -> str:
    """Only its name is here."""
    return made.put_placeholder(made.make_storage_dir())


def make_damaged(made: CommandHome) -> str:
    """Half an image that has not changed for more than a day."""
    return made.put_damaged(made.make_storage_dir())


def make_foreign(made: CommandHome) -> str:
    """Another image under its name."""
    return made.put_foreign(made.make_storage_dir())


def make_nowhere(made: CommandHome) -> str:
    """An image that is nowhere, and every folder could be searched."""
    made.make_storage_dir()
    return NOWHERE


def make_nowhere_with_one_offline(made: CommandHome) -> str:
    """One folder cannot be searched."""
    made.make_storage_dir()
    made.take_away(made.make_storage_dir("Away"))
    return NOWHERE


def make_nowhere_with_one_incomplete(made: CommandHome) -> str:
    """One folder has no identity yet."""
    made.make_storage_dir()
    (made.folder / "Half/media").mkdir(parents=True)
    made.put(made.folder / "Half")
    made.look(made.folder / "Half")
    return NOWHERE


@pytest.mark.parametrize(
    ("make", "handing_out", "existing"),
    [
        (make_present, 0, 0),
        (make_arriving, 6, 6),
        (make_online_only, 6, 0),
        (make_damaged, 7, 7),
        (make_foreign, 7, 7),
        (make_nowhere, 4, 4),
        (make_nowhere_with_one_offline, 6, 6),
        (make_nowhere_with_one_incomplete, 6, 6),
    ],
)
def test_an_image(
    make: Callable[[CommandHome], str], handing_out: int, existing: int, made: CommandHome
) -> None:
    """get, path, data-url, and thumbnail agree. exists counts an online-only image. explain always succeeds."""
    image_id = make(made)
    assert run("exists", image_id).status == existing
    assert ask_for_bytes(image_id) == {handing_out}
    assert run("exists", image_id).status == existing
    explained = run("explain", image_id)
    assert explained.status == 0
    assert explained.text


def test_an_error_about_an_image_carries_the_trace(made: CommandHome) -> None:
    """With --json, the code says which image error it is, and the facts say where it was searched."""
    image_id = make_damaged(made)
    error = run("get", image_id, "-o", made.folder / "x.png", "--json").json["error"]
    assert error["code"] == "image-damaged"
    assert error["sds"][0]["disk"][0]["what"] == "damaged"
    assert not (made.folder / "x.png").exists()


def save(made: CommandHome, *arguments: str | Path) -> Run:
    """Saves in Notes."""
    return run("save", *arguments, "--sd", "Notes", "--json")


def make_picture_file(made: CommandHome, name: str = "photo.png", data: bytes | None = None) -> Path:
    """A file outside every storage directory."""
    path = made.folder / name
    path.write_bytes(make_picture("png", seed=7) if data is None else data)
    return path


def test_saving_all_some_and_none(made: CommandHome) -> None:
    """0; 1, also for half an image; and the first failure's status: 4 if missing, 2 if empty or unsupported."""
    made.make_storage_dir()
    good, text = make_picture_file(made), make_picture_file(made, "notes.txt", b"hello")
    empty, gone = make_picture_file(made, "empty.png", b""), made.folder / "gone.png"
    assert save(made, good).status == 0
    assert save(made, good, gone).status == 1
    assert save(made, gone, text).status == 4
    assert save(made, text, gone).status == 2
    half = make_picture_file(made, "half.png", make_picture("png", seed=8)[:-20])
    assert save(made, good, half).status == 1
    assert [one["whole"] for one in save(made, good, half).json["saved"]] == [True, False]
    assert "half.png: kept, but it is not a whole image" in run("save", half, "--sd", "Notes").stderr
    inspected = run("inspect", "--json")
    assert (inspected.status, len(inspected.json["sds"][0]["incomplete"])) == (1, 1)
    assert save(made, empty).status == 2
    assert save(made, made.folder).status == 2
    (made.folder / "nothing here").mkdir()
    assert save(made, "-r", made.folder / "nothing here").status == 4
    assert save(made, "data:;base64,*").status == 2


def test_saving_where_it_cannot_be(made: CommandHome) -> None:
    """Unknown is 4, read-only 5, offline 6, incomplete 6. Without --sd and with several directories: 2."""
    picture = make_picture_file_in(made)
    assert save(made, picture).status == 4
    away = made.make_storage_dir()
    view = made.make_storage_dir("View", is_added=False)
    assert run("sd", "add", view, "--read-only").status == 0
    assert run("save", picture, "--sd", "View").status == 5
    assert run("save", picture).status == 2
    made.take_away(away)
    assert save(made, picture).status == 6


def make_picture_file_in(made: CommandHome) -> Path:
    """Like :func:`make_picture_file`, but makes the folder first."""
    made.folder.mkdir()
    return make_picture_file(made)


def test_saving_under_an_id(made: CommandHome) -> None:
    """An invalid id, or one that does not match the bytes: 2. A legacy id of other whole bytes: 5."""
    root = made.make_storage_dir()
    picture = make_picture_file(made)
    legacy = "01234567-89ab-4def-8123-456789abcdef"
    assert save(made, picture, "--id", "x").status == 2
    assert save(made, picture, "--id", NOWHERE).status == 2
    assert save(made, picture, "--id", legacy).status == 0
    other = make_picture_file(made, "other.png", make_picture("png", seed=8))
    assert save(made, other, "--id", legacy).status == 5
    assert [path.name for path in (root / "media").iterdir()] == [f"{legacy}.png"]


def test_adding_a_storage_directory(made: CommandHome) -> None:
    """0 with or without identity, again, and read-only. 4 if it does not exist, 2 if it is a file."""
    made.folder.mkdir()
    (made.folder / "new").mkdir()
    (made.folder / "view").mkdir()
    assert run("sd", "add", made.folder / "new").status == 0
    assert run("sd", "add", made.folder / "new").status == 0
    assert run("sd", "add", made.folder / "view", "--read-only").status == 0
    assert run("sd", "add", made.folder / "gone").status == 4
    assert run("sd", "add", make_picture_file(made)).status == 2
    assert list((made.folder / "view").iterdir()) == []


def test_adding_what_is_not_there_yet(made: CommandHome) -> None:
    """6, with the usual JSON object: incomplete, or known but empty now."""
    half = made.folder / "Half"
    (half / "media").mkdir(parents=True)
    made.put(half)
    incomplete = run("sd", "add", half, "--json")
    assert incomplete.status == 6
    assert incomplete.json["identity"]["outcome"] == "incomplete"
    assert incomplete.json["sd"]["sd_id"] is None
    assert incomplete.json["scan"] is None
    emptied = made.make_storage_dir()
    (emptied / "SD_ID").unlink()
    (emptied / "media").rmdir()
    offline = run("sd", "add", emptied, "--json")
    assert (offline.status, offline.json["identity"]["outcome"]) == (6, "offline")


def test_adding_a_copied_folder(made: CommandHome) -> None:
    """1, and both are listed. Writing by identity is then refused with 5."""
    root = made.make_storage_dir()
    copy = made.folder / "Copy"
    (copy / "media").mkdir(parents=True)
    (copy / "SD_ID").write_bytes((root / "SD_ID").read_bytes())
    assert run("sd", "add", copy).status == 1
    assert len(run("sd", "list", "--json").json["sds"]) == 2
    assert save(made, make_picture_file(made)).status == 5


@pytest.mark.parametrize("command", ["scan", "inspect"])
@pytest.mark.parametrize(
    ("make", "status"),
    [
        (make_present, 0),
        (make_arriving, 0),
        (make_online_only, 0),
        (make_foreign, 0),
        (make_damaged, 1),
        (make_nowhere_with_one_offline, 1),
        (make_nowhere_with_one_incomplete, 1),
    ],
)
def test_scanning_and_inspecting(
    command: str, make: Callable[[CommandHome], str], status: int, made: CommandHome
) -> None:
    """1 only for damaged, offline, and incomplete. Files on their way need no action."""
    make(made)
    assert run("scan").status in (status, 0)
    assert run(command).status == status


@pytest.mark.parametrize("command", ["scan", "inspect"])
def test_a_folder_that_lost_its_images_is_suspect(command: str, made: CommandHome) -> None:
    """1, until a person confirms it."""
    root = made.make_storage_dir()
    for seed in range(3):
        made.put(root, seed)
    assert run("scan").status == 0
    for path in (root / "media").iterdir():
        path.unlink()
    run("scan")
    assert run(command).status == 1
    assert run("sd", "show", "Notes", "--json").json["sd"]["state"] == "suspect"
    assert run("sd", "confirm", "Notes").status == 0
    assert run(command).status == 0


def test_what_is_unknown_is_not_found(made: CommandHome) -> None:
    """4 for a storage directory or a file in it."""
    made.make_storage_dir()
    for command in ("show", "forget", "confirm", "accept-missing"):
        assert run("sd", command, "nobody").status == 4
    assert run("ls", "--sd", "nobody").status == 4
    assert run("inspect", "nobody").status == 4
    assert run("scan", "nobody").status == 4
    assert run("inspect", "file", "Notes", "media/gone.png").status == 4
    assert run("info", NOWHERE).status == 4


def test_what_is_guarded_is_refused(made: CommandHome) -> None:
    """5 for a name that is taken, and for a home inside a storage directory."""
    root = made.make_storage_dir()
    made.make_storage_dir("Other")
    assert run("sd", "rename", "Other", "Notes").status == 5
    inside = run("sd", "list", "--home", root / "home", "--json")
    assert (inside.status, inside.json["error"]["code"]) == (5, "catalog-inside-sd")
    assert not (root / "home").exists()


def test_the_inspector_leaves_the_folder_alone(made: CommandHome) -> None:
    """2 for a path that leads out of the storage directory."""
    made.make_storage_dir()
    for path in ("../x", "/etc/passwd"):
        assert run("inspect", "hex", "Notes", path).status == 2


def test_a_catalog_that_cannot_be_used(made: CommandHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """6 if locked, 8 if damaged. Neither is changed."""
    root = made.make_storage_dir()
    catalog = made.home / "catalog.db"
    monkeypatch.setenv("STRANDLINE_CATALOG_BUSY_TIMEOUT_S", "0.1")
    holder = sqlite3.connect(catalog, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert save(made, make_picture_file(made)).status == 6
    holder.close()
    for path in made.home.glob("catalog.db*"):
        path.unlink()
    catalog.write_bytes(b"no database at all" * 1000)
    damaged = run("ls", "--json")
    assert (damaged.status, damaged.json["error"]["code"]) == (8, "catalog-damaged")
    assert catalog.read_bytes() == b"no database at all" * 1000
    assert root.exists()


def test_a_disk_that_says_no(made: CommandHome) -> None:
    """8 if an image cannot be written, because something else is in the folder's place."""
    root = made.make_storage_dir()
    image_id = made.put(root)
    (root / "media/blocked").write_bytes(b"")
    assert run("get", image_id, "-o", root / "media/blocked/x.png").status == 2
    os.symlink("/nowhere/at/all", made.folder / "dangling")
    assert run("get", image_id, "-o", made.folder / "dangling").status == 2
    assert run("get", image_id, "-o", "/dev/full").status == 8


@pytest.mark.slow
def test_the_real_program_ends_with_these_statuses(made: CommandHome) -> None:
    """A shell sees the statuses that were tested here in one process."""
    root = made.make_storage_dir()
    image_id = made.put(root)
    assert run_process("exists", image_id).status == 0
    assert run_process("exists", NOWHERE).status == 4
    assert run_process("exists", "x").status == 2
    got = run_process("get", image_id)
    assert (got.status, got.stdout) == (0, make_picture("png", seed=0))
