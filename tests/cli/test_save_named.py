"""``save`` into a folder of named pictures: the command, its answers, and that a check agrees."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.named_pictures import make_named_picture
from builders.pictures import make_picture
from builders.program import run
from strandline.cli.exit_status import ExitStatus

ONE, TWO, THREE = (make_picture("png", seed=seed, size=(8, 8)) for seed in range(3))


@pytest.fixture
def vault(made: CommandHome) -> Path:
    """A vault of Obsidian with a picture and a note, added, beside another storage directory."""
    root = made.folder / "Vault"
    for path, data in {
        ".obsidian/app.json": b'{"attachmentFolderPath": "./img"}',
        "Work/Note.md": b"# A note\n",
        "old.png": ONE,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    made.make_storage_dir()
    said = run("sd", "add", root)
    assert said.status == 0
    assert "only what you save is written into it" in said.text.replace("\n", " ")
    return root


def test_a_picture_is_saved_for_a_note(vault: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The note is named as it is seen from here, or from the root. The Markdown works in it."""
    monkeypatch.chdir(vault / "Work")
    saved = run("save", "-", "--name", "two words.png", "--in", "Note.md", stdin=TWO)
    assert (saved.status, saved.text) == (0, "![two words](img/two%20words.png)\n")
    with (vault / "Work/Note.md").open("a") as note:
        note.write(saved.text)
    checked = run("check", vault, "--json").json["checked"][0]
    assert (checked["references"], checked["findings"]) == (1, [])
    monkeypatch.chdir("/")
    again = run("save", "-", "--sd", "Vault", "--in", "Work/Note.md", "--json", stdin=TWO).json["saved"][0]
    assert (again["new"], again["path"]) == (False, "Work/img/two words.png")
    listed = run("ls", "--sd", "Vault", "--columns", "name").text.splitlines()
    assert set(listed) == {"two words.png", "old.png"}


def test_what_obsidian_does_not_show_is_said(vault: Path) -> None:
    """The Markdown is right all the same, and so is the exit status."""
    said = run("save", "-", "--name", "x.heic", "--sd", "Vault", stdin=make_picture("heic"))
    assert (said.status, said.text) == (0, "![x](x.heic)\n")
    assert "-: Obsidian shows no HEIC without a plug-in" in said.stderr


def test_other_formats_are_saved_there_and_only_there(vault: Path, tmp_path: Path) -> None:
    """With -r, too. A folder by id says what it keeps."""
    for number, kind in enumerate(("bmp", "tiff", "ico", "jxl")):
        (tmp_path / "In").mkdir(exist_ok=True)
        (tmp_path / f"In/{number}.{kind}").write_bytes(make_named_picture(kind))
    said = run("save", "-r", tmp_path / "In", "--sd", "Vault", "--json")
    assert said.status == 0
    saved = {each["path"]: each["media_type"] for each in said.json["saved"]}
    assert saved == {
        "0.bmp": "image/bmp", "1.tif": "image/tiff", "2.ico": "image/vnd.microsoft.icon", "3.jxl": "image/jxl",
    }  # fmt: skip
    types = set(run("ls", "--sd", "Vault", "--columns", "type").text.split())
    assert types >= {"bmp", "tiff", "ico", "jxl"}
    refused = run("save", tmp_path / "In/0.bmp", "--sd", "Notes")
    assert refused.status == ExitStatus.INVALID
    assert "not an image of a supported type (PNG, JPEG, GIF" in refused.stderr


def test_the_same_name_gets_a_number(vault: Path, tmp_path: Path) -> None:
    """Several at once, from a folder."""
    for number, data in enumerate((TWO, THREE)):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}/old.png").write_bytes(data)
    said = run("save", "-r", tmp_path / "0", tmp_path / "1", "--sd", vault)
    assert (said.status, said.text) == (0, "![old](old%201.png)\n![old](old%202.png)\n")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--in", "gone.md", "--sd", "Vault"), ExitStatus.NOT_FOUND),
        (("--in", "../x.md", "--sd", "Vault"), ExitStatus.INVALID),
        (("--in", "Work/Note.md", "--sd", "Notes"), ExitStatus.INVALID),
        (("--id", "6f1b2c3d-0000-4000-8000-000000000001", "--sd", "Vault"), ExitStatus.INVALID),
    ],
)
def test_what_cannot_be_is_an_error(vault: Path, arguments: tuple[str, ...], status: ExitStatus) -> None:
    """And nothing is saved."""
    said = run("save", "-", *arguments, stdin=TWO)
    assert (said.status, said.text) == (status, "")
    assert not (vault / "Work/img").exists()


def test_half_a_picture_is_refused(vault: Path) -> None:
    """Because no name vouches for it. The message says what to do."""
    said = run("save", "-", "--sd", "Vault", stdin=TWO[: len(TWO) // 2])
    assert said.status == ExitStatus.WRONG_BYTES
    assert "copy the file there yourself" in said.stderr


def test_doctor_asks_whether_it_can_be_written_to(vault: Path) -> None:
    """As for any other."""
    assert f"storage directory {vault.name}" in run("doctor").text
    assert "with named pictures, writable" in run("doctor").text
