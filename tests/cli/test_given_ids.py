"""Ids on the command line: as people have them, by their first digits, and many of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builders.command_home import NOWHERE, CommandHome
from builders.pictures import make_picture
from builders.program import run, started
from builders.storage import id_of


@pytest.mark.parametrize(
    "written", ["{}.png", "./media/{}.png", r"media\{}.png", "![a](media/{}.png)", "{:.8}"]
)
def test_commands_take_ids_as_people_have_them(made: CommandHome, written: str) -> None:
    """A file name, a path, a link, or the first digits mean the image."""
    root = made.make_storage_dir(is_added=False)
    image_id = made.put(root)
    made.look(root)
    given = written.format(image_id)
    assert run("info", given.upper(), "--json").json["image_id"] == image_id
    assert run("path", given).text == f"{root}/media/{image_id}.png\n"
    assert run("exists", given).status == 0


@pytest.mark.parametrize("name", ["7AC8C2DA-A848-48B6-B7BA-F84DC0BD670F.png", f"{NOWHERE}.png"])
def test_a_named_picture_may_be_called_like_an_id(
    made: CommandHome, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Phones and chats call theirs so. Its path means the file; without one, the name is an id."""
    root = made.folder / "Vault"
    root.mkdir(parents=True)
    (root / name).write_bytes(make_picture("png"))
    (root / "Note.md").write_text(f"![]({name})")
    assert run("sd", "add", root).status == 0
    monkeypatch.chdir(root)
    image_id = id_of(make_picture("png"))
    for given in ([name], ["--in", "Note.md", name], ["-"]):
        told = run("info", *given, "--json", stdin=name.encode())
        assert f'"image_id": "{image_id}"' in told.text.replace('":"', '": "')
    assert run("delete", root / name, "--dry-run").status == 0
    monkeypatch.chdir(made.folder)
    assert run("path", name).status == 4


def test_a_name_finds_the_files_that_are_left(made: CommandHome) -> None:
    """Of two with one name, one was deleted: no scan is needed to know it."""
    root = made.folder / "Vault"
    for seed, folder in enumerate(("a", "b")):
        (root / folder).mkdir(parents=True)
        (root / folder / "x.png").write_bytes(make_picture("png", seed=seed))
    assert run("sd", "add", root).status == 0
    assert run("delete", "--yes", root / "a/x.png").status == 0
    (root / "Note.md").touch()
    assert run("path", "x.png").text == f"{root}/b/x.png\n"


@pytest.mark.parametrize(
    "words", [["check", ""], ["put-back", ""], ["rescue", ""], ["get", NOWHERE, "-o", ""], ["import", ""]]
)
def test_an_empty_path_is_wrong_use(made: CommandHome, words: list[str]) -> None:
    """A script means a variable that is not set, not the current folder."""
    answer = run(*words)
    assert (answer.status, "the path is empty" in answer.stderr) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        *(["copy", option, ""] for option in ("--search", "--type", "--folder", "--month")),
        ["move", "--search", " "],
        ["copy", "--all", "--from", ""],
        *(["export", "-o", "out", option, ""] for option in ("--search", "--from", "--sd")),
        *(["ls", option, ""] for option in ("--search", "--type", "--folder", "--month", "--from", "--to", "--sd")),
    ],
    ids=" ".join,
)  # fmt: skip
def test_an_empty_text_is_not_everything(home: Path, words: list[str]) -> None:
    """A script means a variable that is not set. Nothing is opened, so nothing is moved."""
    answer = run(*words, *(["--to", "Other"] if words[0] in ("copy", "move") else []))
    assert (answer.status, "it is empty" in answer.stderr) == (2, True)
    assert not (home / "catalog.db").exists()


def test_a_beginning_must_be_that_of_one_known_image(made: CommandHome) -> None:
    """Several are listed. None is wrong use, not "not found": a disk may have the image all the same."""
    root = made.make_storage_dir(is_added=False)
    ids = [f"ab12{number:028}" for number in range(7)]
    for image_id in ids:
        (root / f"media/{image_id}.png").write_bytes(b"")
    made.look(root)
    several = run("exists", "AB12", "--json")
    assert several.status == 2
    assert several.json["error"]["code"] == "ambiguous-image-id"
    assert several.json["error"]["candidates"] == ids
    assert f"{ids[0]}, {ids[1]}" in several.stderr
    assert run("explain", ids[3][:31] + "3").status == 0
    none = run("exists", "ffff", "--json")
    assert (none.status, none.json["error"]["code"]) == (2, "invalid-image-id")
    assert "give the whole id" in none.stderr


def lines_of(text: str) -> list[Any]:
    """The objects of NDJSON."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def three(made: CommandHome) -> list[str]:
    """The ids of three good images in one storage directory, as ``media/ID.png``."""
    root = made.make_storage_dir(is_added=False)
    ids = [made.put(root, seed) for seed in range(3)]
    made.look(root)
    return ids


@pytest.mark.parametrize("command", ["path", "info", "exists", "explain"])
def test_many_images_are_answered_in_order(made: CommandHome, three: list[str], command: str) -> None:
    """From arguments, from stdin, and from a file, by lines or NUL bytes; in JSON with one object for each."""
    listed = made.folder / "ids"
    listed.write_text("".join(f"- ![a note](media/{each}.png)\n\n" for each in three[1:]))
    read = "\0".join(three[1:]).encode()
    from_arguments = run(command, *three, "--json")
    from_file = run(command, three[0], "--files-from", listed, "--json")
    from_stdin = run(command, three[0], "-", "-0", "--json", stdin=read)
    assert from_arguments.status == from_file.status == from_stdin.status == 0
    answers = [lines_of(each.text) for each in (from_arguments, from_file, from_stdin)]
    assert [[line["image_id"] for line in each] for each in answers] == [three] * 3
    assert answers[1][1]["given"] == f"- ![a note](media/{three[1]}.png)"
    alone = run(command, three[0], "--json").json
    assert answers[0][0] == {"given": three[0], "image_id": three[0], **alone}


def test_many_answers_are_told_apart(three: list[str]) -> None:
    """A line has its id if the answer does not say it. A blank line separates answers of several lines."""
    assert run("exists", *three).text == "".join(f"{each}\tyes\n" for each in three)
    info = run("info", *three).text.split("\n\n")
    assert [each in text for each, text in zip(three, info, strict=True)] == [True] * 3


def test_paths_of_many_can_end_with_nul_bytes(made: CommandHome, three: list[str]) -> None:
    """Any path can be read back, as by ``xargs -0``."""
    paths = run("path", "-0", *three).stdout.split(b"\0")
    assert paths == [*(f"{made.folder}/Notes/media/{each}.png".encode() for each in three), b""]


def test_several_files_are_read_in_order(made: CommandHome, three: list[str]) -> None:
    """Each that is given counts."""
    lists = [made.folder / f"ids {number}" for number in range(2)]
    for listed, image_id in zip(lists, three[:2], strict=True):
        listed.write_text(image_id)
    found = run("exists", three[2], "--files-from", lists[0], "--files-from", lists[1])
    assert found.text == "".join(f"{each}\tyes\n" for each in (three[2], *three[:2]))


def test_a_bad_image_does_not_stop_the_others(made: CommandHome, three: list[str]) -> None:
    """It is reported in its place, and the exit status is the highest of all."""
    damaged = made.put_damaged(made.folder / "Notes")
    some = run("path", three[0], NOWHERE, "no id", damaged, three[1], "--json")
    assert some.status == 7
    lines = lines_of(some.text)
    assert [line["error"]["code"] if "error" in line else "" for line in lines] == [
        "", "image-not-found", "invalid-image-id", "image-damaged", "",
    ]  # fmt: skip
    assert (lines[2]["given"], lines[2]["image_id"]) == ("no id", None)
    assert len(some.stderr.splitlines()) == 3
    assert all(line.count(NOWHERE) <= 1 for line in some.stderr.splitlines())
    assert run("exists", three[0], NOWHERE).status == 4


def test_a_wrong_folder_is_reported_once(three: list[str]) -> None:
    """What is wrong for every image ends the command."""
    wrong = run("exists", *three, "--sd", "Nope", "--json")
    assert (wrong.status, wrong.json["error"]["code"]) == (4, "sd-not-found")
    assert len(wrong.stderr.splitlines()) == 1


def test_no_id_is_wrong_use_but_an_empty_list_is_none(made: CommandHome, three: list[str]) -> None:
    """A command without any id says how to give one. A pipe without any has nothing to answer."""
    assert run("exists").status == 2
    assert "--files-from" in run("exists").stderr
    assert (run("exists", "-", stdin=b"\n \n").status, run("exists", "-").text) == (0, "")
    for missing in (
        run("exists", "--files-from", made.folder / "no such file", "--json"),
        run("catalog", "import", made.folder / "no such file", "--json"),
    ):
        assert (missing.status, missing.json["error"]["code"]) == (4, "source-not-found")
    assert run("exists", "--files-from", made.folder).status == 2


def test_many_images_are_written_into_a_folder(made: CommandHome, three: list[str], tmp_path: Path) -> None:
    """Each under the name of its file. Their bytes never go to one stream."""
    media = made.folder / "Notes/media"
    folder = tmp_path / "out"
    folder.mkdir()
    lines = lines_of(run("get", *three, "-o", folder, "--json").text)
    assert [line["written_to"] for line in lines] == [str(folder / f"{each}.png") for each in three]
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == [
        (media / path.name).read_bytes() for path in sorted(folder.iterdir())
    ]
    assert run("thumbnail", *three, "-o", folder, "--size", "8").status == 0
    assert len(list(folder.iterdir())) == 6
    for target in ((), ("-o", "-"), ("-o", folder / "new")):
        refused = run("get", *three, *target)
        assert (refused.status, "folder" in refused.stderr) == (2, True)


def test_answers_do_not_wait_for_the_last_id(three: list[str]) -> None:
    """Each id that arrives is answered before the next one is there."""
    with started("exists", "-") as program:
        assert program.stdin is not None
        assert program.stdout is not None
        for image_id in three:
            program.stdin.write(f"{image_id}\n")
            program.stdin.flush()
            assert program.stdout.readline() == f"{image_id}\tyes\n"
        program.communicate(timeout=30)
        assert program.returncode == 0


def test_offline_folders_can_be_left_out(made: CommandHome, three: list[str]) -> None:
    """They are named instead: as the reason for a doubt, or with ``--online`` as what was left out."""
    old = made.make_storage_dir("Old disk")
    on_old_disk = made.put(old, seed=9)
    made.look(old)
    made.take_away(old)
    unsure = run("exists", on_old_disk)
    assert (unsure.status, unsure.stderr) == (6, "")
    assert unsure.text == "cannot tell: it may be in 'Old disk', which cannot be read now\n"
    sure = run("exists", "--online", on_old_disk, NOWHERE, three[0])
    assert (sure.status, sure.text) == (4, f"{on_old_disk}\tno\n{NOWHERE}\tno\n{three[0]}\tyes\n")
    assert sure.stderr == "strandline: 'Old disk' cannot be read now and was left out\n"
    assert run("exists", "--online", "--json", NOWHERE).json == {
        "exists": False, "state": None, "left_out": ["Old disk"],
    }  # fmt: skip
    assert run("exists", "--online", "--json", three[0]).json["left_out"] == []
