"""Storage directories at the command line: what was changed is told, and what is wrong is never called healthy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from builders.command_home import SD_ID, CommandHome
from builders.pictures import make_picture
from builders.program import run
from strandline.cli import sd
from strandline.services.storage_dirs import suitable


@pytest.mark.parametrize("left", [b"", b"nonsense", b"6f1b2c3d"])
def test_a_known_identity_that_was_lost_is_only_written_back(made: CommandHome, left: bytes) -> None:
    """One advice, and the right one: another identity would cut the folder off from its notes."""
    root = made.make_storage_dir()
    made.put(root)
    made.look(root)
    (root / "SD_ID").write_bytes(left)
    listed = run("sd", "list")
    assert SD_ID.format(1) in listed.stderr
    assert f"`strandline sd confirm {root}`" in listed.stderr
    assert "new-identity" not in listed.stderr + run("inspect").text + run("doctor").text
    confirmed = run("sd", "confirm", "Notes")
    assert "the identity 6f1b2c3d-0000-4000-8000-000000000001 was written back" in confirmed.text
    assert (root / "SD_ID").read_text() == SD_ID.format(1) + "\n"


def test_confirming_says_how_many_are_accepted_as_gone(made: CommandHome) -> None:
    """A person who confirms by mistake reads what that was."""
    root = made.make_storage_dir()
    for seed in range(7):
        made.put(root, seed)
    made.look(root)
    assert "no image was absent" in run("sd", "confirm", "Notes").text
    shutil.rmtree(root / "media")
    (root / "media").mkdir()
    made.look(root)
    doctor = run("doctor")
    assert doctor.status == 1
    assert "look\tstorage directory Notes\tsuspect: " in doctor.text
    assert (
        "`strandline sd confirm Notes`, `strandline scan Notes`, then `strandline sd acc"
        in run("inspect").text
    )
    confirmed = run("sd", "confirm", "Notes", "--json").json
    assert (confirmed["identity_restored"], confirmed["accepted"]) == (False, 7)
    assert "no image was absent" in run("sd", "confirm", "Notes").text


def test_two_folders_with_one_identity_are_told_everywhere(made: CommandHome) -> None:
    """Not only when a save is refused."""
    root = made.make_storage_dir()
    copy = root.with_name("Copy")
    shutil.copytree(root, copy)
    added = run("sd", "add", copy)
    assert (added.status, "--new-identity" in added.stderr) == (1, True)
    said = f"{root} and {copy} have the same identity"
    for command in (["inspect", "Copy"], ["inspect"], ["doctor"]):
        ran = run(*command)
        assert (ran.status, "have the same identity" in ran.text) == (1, True)
        assert "Healthy" not in ran.text
    assert said in run("sd", "list").stderr
    assert said in run("sd", "show", "Copy").stderr
    assert run("sd", "forget", "Copy").status == 0
    assert "pictures that are gone" in run("sd", "forget", "--help").text  # said before it is lost
    assert run("inspect").status == 0
    assert run("sd", "list").stderr == ""


def test_adding_again_tells_what_it_changes(made: CommandHome) -> None:
    """A new name, or that it is read-only now and how to undo that. Nothing else changes."""
    root = made.make_storage_dir()
    again = run("sd", "add", root)
    assert again.text.startswith("Notes is there already  (")
    assert "before" not in again.text
    named = run("sd", "add", root, "--name", "Journal").text
    assert "It was called Notes before." in named
    read_only = run("sd", "add", root, "--read-only").text
    assert "It is read-only now" in read_only
    assert f"`strandline sd forget Journal`, then `strandline sd add {root}`" in read_only
    assert "read-only now" not in run("sd", "add", root, "--read-only").text


def test_a_given_name_that_is_taken_is_refused(made: CommandHome) -> None:
    """A name that nobody gave gets a number. Nothing is written to a folder that is refused."""
    made.make_storage_dir()
    other = made.folder / "elsewhere/Notes"
    other.mkdir(parents=True)
    refused = run("sd", "add", other, "--name", "Notes", "--json")
    assert (refused.status, refused.json["error"]["code"]) == (5, "sd-conflict")
    assert list(other.iterdir()) == []
    assert run("sd", "add", other, "--json").json["sd"]["name"] == "Notes 2"
    assert run("sd", "add", other, "--name", "Notes").status == 5
    assert run("sd", "add", other, "--name", "Notes 2").status == 0


def test_a_users_home_is_refused_for_what_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for the catalog that is in it: another home for that would not help."""
    monkeypatch.setenv("HOME", str(home.parent))
    refused = run("sd", "add", home.parent, "--json")
    assert refused.json["error"]["code"] == "unsuitable-folder"
    assert "is your home folder" in refused.stderr


def test_a_person_is_asked_about_a_very_large_folder(
    made: CommandHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal it is refused, and the command that takes it is printed. ``--yes`` is that command."""
    monkeypatch.setattr(suitable, "MANY_ENTRIES", 3)
    assert made.home.exists()
    vault = tmp_path / "a vault/Vault"
    vault.mkdir(parents=True)
    for number in range(4):
        (vault / f"{number}.md").touch()
    refused = run("sd", "add", vault)
    assert refused.status == 5
    assert f"`strandline sd add '{vault}' --yes`" in refused.stderr
    monkeypatch.setattr(sd, "asks_a_person", lambda: True)
    assert run("sd", "add", vault, stdin=b"n\n").status == 5
    assert run("sd", "add", vault, stdin=b"y\n").status == 0
    (vault / "x.png").write_bytes(make_picture("png"))
    (vault / "twin.png").write_bytes(make_picture("png"))
    shared = run("sd", "add", vault, "--yes", "--shared")
    assert (shared.status, "Picture files: 2" in shared.text) == (0, True)
    assert "as it is, because this was asked for. SD_ID in it lets every machine know it" in shared.text
    assert "2 picture files" in run("inspect", "Vault").text
    assert (vault / "SD_LAYOUT").read_text() == "named\n"


def test_a_folder_of_notes_with_pictures_beside_them_is_not_called_healthy(made: CommandHome) -> None:
    """It has no image, and nothing is wrong with it, but that is not what a person wants to hear."""
    root = made.folder / "Vault"
    (root / "attachments").mkdir(parents=True)
    (root / "attachments/a.png").write_bytes(make_picture("png"))
    assert run("sd", "add", root, "--layout", "ids").status == 0
    letter = run("inspect", "Vault")
    assert (letter.status, "Healthy" in letter.text) == (0, False)
    assert f"such as {root}/attachments/a.png" in letter.text
    assert f"`strandline save -r {root} --sd Vault`" in letter.text
    assert run("save", "-r", root, "--sd", "Vault").status == 0
    assert "Healthy" in run("inspect", "Vault").text or "1 image" in run("inspect", "Vault").text


def test_the_doctor_looks_at_the_rest_if_the_catalog_is_damaged(made: CommandHome, home: Path) -> None:
    """It is what the message about a damaged catalog refers to."""
    made.make_storage_dir()
    (home / "catalog.db").write_bytes(b"this is not a database" * 1000)
    for leftover in home.glob("catalog.db-*"):
        leftover.unlink()
    doctor = run("doctor")
    assert doctor.status == 1
    assert doctor.text.startswith("look\tcatalog\t")
    assert "\nok\tserver\t" in doctor.text
    assert "What to do about catalog: " in doctor.text
    checks = run("doctor", "--json").json["checks"]
    assert [check["name"] for check in checks if not check["ok"]] == ["catalog"]


def test_a_picture_is_saved_in_the_folder_that_it_is_in(made: CommandHome) -> None:
    """Of several, unless --sd says otherwise."""
    notes, other = made.make_storage_dir(), made.make_storage_dir("Other")
    for root in (notes, other):
        (root / "beach.png").write_bytes(make_picture("png"))
    saved = run("save", other / "beach.png")
    assert saved.status == 0
    assert len(list((other / "media").iterdir())) == 1
    assert list((notes / "media").iterdir()) == []
    undecided = run("save", other / "beach.png", notes / "beach.png")
    assert (undecided.status, "--sd Notes or Other" in undecided.stderr) == (2, True)


def test_half_a_picture_is_handed_out_with_a_word(made: CommandHome, tmp_path: Path) -> None:
    """Its bytes are those of its id, so it is given, but nobody takes it for the whole picture."""
    made.make_storage_dir()
    data = make_picture("png", seed=9)
    (tmp_path / "half.png").write_bytes(data[: len(data) // 2])
    saved = run("save", tmp_path / "half.png", "--json").json["saved"][0]
    assert saved["whole"] is False
    got = run("get", saved["image_id"], "-o", tmp_path / "out.png", "--json")
    assert got.json["whole"] is False
    assert "not a whole picture" in got.stderr
    good = run("save", "-", "--json", stdin=data).json["saved"][0]
    again = run("get", good["image_id"])
    assert (again.stdout, again.stderr) == (data, "")


def test_an_image_that_another_one_replaced_is_not_called_arriving(made: CommandHome) -> None:
    """There is nothing that a sync client could finish, and nothing is missing from the file."""
    root = made.make_storage_dir()
    image_id = made.put(root, kind="jpg")
    made.look(root)
    (root / f"media/{image_id}.jpg").write_bytes(make_picture("jpg", seed=77))
    got = run("get", image_id)
    assert got.status == 6
    assert "has another whole image since a moment ago" in got.stderr
    assert "still arriving" not in got.stderr
    explained = run("explain", image_id).text
    assert "another whole image is there" in explained
    assert "not all of it" not in explained


def test_a_file_that_was_just_deleted_is_told_with_its_time(made: CommandHome) -> None:
    """It is not called missing yet, and the remedy names the scan that will."""
    root = made.make_storage_dir()
    image_id = made.put(root)
    made.put(root, 1)
    made.look(root)
    (root / f"media/{image_id}.png").unlink()
    made.look(root)
    letter = run("inspect", "Notes").text
    assert "not seen since 2" in letter
    assert "`strandline scan Notes`" in letter
    assert "`strandline sd accept-missing Notes` after the next scan" in run("explain", image_id).text


def test_the_doctor_looks_at_the_rest_if_the_home_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file in its place is named, without advice about disks."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STRANDLINE_HOME", str(tmp_path / "file"))
    doctor = run("doctor")
    assert doctor.status == 1
    assert doctor.text.startswith(f"look\thome\t{tmp_path}/file is not a folder; choose another home")
    assert "\nok\tserver\t" in doctor.text
    assert run("ls").status == 8


def test_a_folder_whose_files_left_before_its_identity_came_can_begin_empty(made: CommandHome) -> None:
    """The command that is offered then does what it says."""
    root = made.folder / "Vault"
    (root / "media").mkdir(parents=True)
    made.put(root)
    assert run("sd", "add", root).status == 6
    shutil.rmtree(root / "media")
    said = run("sd", "list").stderr
    assert f"run `strandline sd add {root}`" in said
    assert "new-identity" not in said
    assert run("sd", "add", root).status == 0
    assert run("sd", "list").text.split("\t")[1] == "online"
