"""The commands by their answers: the keys of their JSON are a contract; their text is for people."""

from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from builders.command_home import NOWHERE, SD_ID, CommandHome
from builders.pictures import make_picture
from builders.program import run, run_on_terminal, run_process
from strandline.model.image_ids import hash_to_content_id
from strandline.model.sync_status import SyncStatus

SD_KEYS = {
    "sd_id", "name", "path", "state", "layout", "read_only", "provisional", "aliases", "problem", "question",
}  # fmt: skip
FILE_KEYS = {
    "sd_id", "sd_name", "sd_state", "filename", "path", "media_type", "state", "proven", "proof", "whole",
    "size_bytes", "mtime", "first_seen", "unchanged_since", "absent_since",
}  # fmt: skip
IMAGE_KEYS = {
    "image_id", "media_type", "width", "height", "size_bytes", "whole", "taken_at", "from_conflict_copy",
    "original_name", "names", "files", "sd_count"}  # fmt: skip
SCAN_KEYS = {
    "sd_id", "name", "state", "added", "changed", "absent", "missing", "returned", "unchanged", "arriving", "ignored",
    "findings", "seconds", "cancelled",
}  # fmt: skip
HOSTILE = "\x1b]0;owned\x07\u202e.md"


def test_the_life_of_a_storage_directory(made: CommandHome) -> None:
    """It is added, listed, shown, renamed, moved, and forgotten; its files are never touched."""
    root = made.make_storage_dir(is_added=False)
    image_id = made.put(root)
    added = run("sd", "add", root, "--name", "First", "--json").json
    assert set(added) == {"sd", "identity", "layout_reason", "scan"}
    assert set(added["sd"]) == SD_KEYS
    assert set(added["identity"]) == {
        "outcome", "migrated", "generated", "had_conflict", "aliases", "warnings",
    }  # fmt: skip
    assert set(added["scan"]) == SCAN_KEYS
    told = added["sd"]["name"], added["identity"]["outcome"], added["scan"]["added"]
    assert told == ("First", "existing", 1)
    assert run("sd", "list", "--json").json == {"sds": [added["sd"] | {"images": 1, "checked": 0}]}
    assert run("sd", "show", SD_ID.format(1), "--json").json == {"sd": added["sd"]}
    assert run("sd", "rename", "First", "Second", "--json").json["sd"]["name"] == "Second"
    moved_root = root.rename(made.folder / "Elsewhere")
    moved = run("sd", "move", "Second", moved_root, "--json").json["sd"]
    assert (moved["path"], moved["state"]) == (str(moved_root), "online")
    assert run("sd", "forget", "Second", "--json").json["sd"]["name"] == "Second"
    assert run("sd", "list", "--json").json == {"sds": []}
    assert (moved_root / f"media/{image_id}.png").exists()


def test_adding_tells_people_what_happened(made: CommandHome) -> None:
    """It prints the identity, how it was decided, and the number of images, and mentions pictures elsewhere."""
    root = made.folder / "Journal"
    (root / "attachments").mkdir(parents=True)
    (root / "attachments/a.png").write_bytes(make_picture("png"))
    added = run("sd", "add", root, "--layout", "ids")
    for words in ("Journal is added", "because this was asked for", " (new)\n"):
        assert words in added.text
    assert "save -r" in added.stderr
    assert run("sd", "list").text.split("\t")[:2] == ["Journal", "online"]


def test_saving_prints_what_people_paste(made: CommandHome) -> None:
    """It prints Markdown for each image, in order. The same bytes are recognized and written once."""
    root = made.make_storage_dir()
    photo = made.folder / "sunset at sea.png"
    photo.write_bytes(make_picture("png"))
    image_id = hash_to_content_id(photo.read_bytes())
    first = run("save", photo)
    assert (first.status, first.text) == (0, f"![sunset at sea](media/{image_id}.png)\n")
    again = run("save", photo, "--sd", "Notes", "--json").json
    assert again["failed"] == []
    (saved,) = again["saved"]
    assert saved == {
        "image_id": image_id,
        "filename": f"{image_id}.png",
        "media_type": "image/png",
        "size_bytes": photo.stat().st_size,
        "new": False,
        "markdown": f"![sunset at sea](media/{image_id}.png)",
    } | {"source": str(photo), "whole": True, "warning": None, "path": f"media/{image_id}.png"}
    assert len(list((root / "media").iterdir())) == 1


def test_saving_from_everywhere(made: CommandHome) -> None:
    """It saves stdin, a folder with its subfolders, and a data: URL. It lists failures and continues."""
    made.make_storage_dir()
    deep = made.folder / "photos/deep"
    deep.mkdir(parents=True)
    (deep / "a.jpg").write_bytes(make_picture("jpg"))
    (deep / "broken.txt").write_bytes(b"no picture")
    url = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>"
    everything = run(
        "save",
        "-r",
        "-",
        made.folder / "photos",
        url,
        deep / "broken.txt",
        "--json",
        stdin=make_picture("gif"),
    )
    assert everything.status == 1
    answer = everything.json
    assert [saved["source"] for saved in answer["saved"]] == ["-", str(deep / "a.jpg"), url]
    assert [saved["media_type"] for saved in answer["saved"]] == ["image/gif", "image/jpeg", "image/svg+xml"]
    (failed,) = answer["failed"]
    assert (failed["source"], failed["code"]) == (str(deep / "broken.txt"), "unsupported-image")
    assert failed["message"]
    named = run("save", "-", "--name", "from the camera.gif", stdin=make_picture("gif", seed=5))
    assert named.text.startswith("![from the camera](media/")


def test_getting_bytes(made: CommandHome) -> None:
    """It writes to stdout, to a file, into a folder, and through a link. JSON says where."""
    root = made.make_storage_dir()
    image_id = made.put(root)
    picture = make_picture("png")
    assert run("get", image_id.upper()).stdout == picture
    assert run("get", image_id, "-o", "-").stdout == picture
    target, folder = made.folder / "out.png", made.folder / "out"
    folder.mkdir()
    target.write_bytes(b"old")
    (made.folder / "link.png").symlink_to(target)
    answer = run("get", image_id, "-o", made.folder / "link.png", "--json").json
    assert target.read_bytes() == picture
    assert (made.folder / "link.png").is_symlink()
    assert answer == {
        "image_id": image_id,
        "media_type": "image/png",
        "size_bytes": len(picture),
        "sd_id": SD_ID.format(1),
        "filename": f"{image_id}.png",
        **dict.fromkeys(("from_other_sd", "from_conflict_copy"), False),
        **dict.fromkeys(("proven", "whole"), True),
        "written_to": str(target),
    }
    assert run("get", image_id, "-o", folder).status == 0
    assert (folder / f"{image_id}.png").read_bytes() == picture
    assert sorted(path.name for path in made.folder.iterdir()) == ["Notes", "link.png", "out", "out.png"]


def test_a_file_gets_the_users_own_rights(made: CommandHome) -> None:
    """The file's mode follows the umask, as in any program, not that of a temporary file."""
    image_id = made.put(made.make_storage_dir())
    before = os.umask(0o027)
    try:
        run("get", image_id, "-o", made.folder / "out.png")
    finally:
        os.umask(before)
    assert stat.S_IMODE((made.folder / "out.png").stat().st_mode) == 0o640


def test_devices_are_written_into(made: CommandHome) -> None:
    """``-o /dev/null`` writes into /dev/null and does not replace it."""
    image_id = made.put(made.make_storage_dir())
    assert run("get", image_id, "-o", os.devnull).status == 0
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_half_an_image_can_be_had(made: CommandHome) -> None:
    """--as-is gives whatever bytes exist, and says that they were not checked."""
    root = made.make_storage_dir()
    image_id = made.put_half(root)
    assert run("get", image_id).status == 6
    half = run("get", image_id, "--as-is")
    assert (half.status, half.stdout) == (0, (root / f"media/{image_id}.png").read_bytes())
    assert "were not checked" in half.stderr


def test_an_image_from_another_place_is_told(made: CommandHome) -> None:
    """People who share only the requested folder cannot see it, so there is a warning, and a fact in JSON."""
    made.make_storage_dir()
    image_id = made.put(made.make_storage_dir("Other"))
    got = run("get", image_id, "--sd", "Notes", "-o", made.folder / "x.png", "--json")
    assert got.json["from_other_sd"] is True
    assert "Other" in got.stderr


def test_ways_to_an_image(made: CommandHome) -> None:
    """path, data-url, and thumbnail."""
    root = made.make_storage_dir()
    image_id = made.put(root)
    path = root / f"media/{image_id}.png"
    assert run("path", image_id).text == f"{path}\n"
    assert run("path", image_id, "--json").json == {"path": str(path)}
    url = run("data-url", image_id).text.strip()
    assert run("data-url", image_id, "--json").json == {"data_url": url}
    assert run("save", url, "--json").json["saved"][0]["image_id"] == image_id
    small = run("thumbnail", image_id, "--size", "16")
    with Image.open(io.BytesIO(small.stdout)) as picture:
        assert max(picture.size) == 16
    answer = run("thumbnail", image_id, "--size", "16", "-o", made.folder, "--json").json
    assert set(answer) == {"image_id", "media_type", "size_bytes", "width", "height", "written_to"}
    assert Path(answer["written_to"]).read_bytes() == small.stdout


@pytest.mark.parametrize("command", ["get", "thumbnail"])
def test_json_and_bytes_do_not_mix(command: str, home: Path) -> None:
    """It exits with 2 and says what to add."""
    for output in ([], ["-o", "-"]):
        mixed = run(command, NOWHERE, "--json", *output)
        assert mixed.status == 2
        assert "-o FILE" in mixed.json["error"]["message"]


def test_what_is_known_of_an_image(made: CommandHome) -> None:
    """info, whereis, and exists, in JSON and in text."""
    root = made.make_storage_dir()
    photo = made.folder / "sunset.png"
    photo.write_bytes(make_picture("png"))
    image_id = run("save", photo, "--json").json["saved"][0]["image_id"]
    info = run("info", image_id, "--json").json
    assert set(info) == IMAGE_KEYS
    assert set(info["files"][0]) == FILE_KEYS
    assert (info["width"], info["height"], info["original_name"]) == (64, 48, "sunset.png")
    assert run("whereis", image_id, "--json").json == {"image_id": image_id, "files": info["files"]}
    assert run("exists", image_id, "--json").json == {"exists": True, "state": "present"}
    assert run("exists", NOWHERE, "--json").json == {"exists": False, "state": None}
    assert run("exists", image_id).text == "yes\n"
    assert "saved as\tsunset.png\n" in run("info", image_id).text
    assert run("whereis", image_id).text.split("\t") == [
        "Notes", f"{image_id}.png", "7124", "checked", f"{root}/media/{image_id}.png\n",
    ]  # fmt: skip


def test_listing_pages(made: CommandHome) -> None:
    """Pages follow each other by cursor and contain every image once. The text says how to continue."""
    root = made.make_storage_dir()
    ids = {made.put(root, seed) for seed in range(5)}
    assert run("scan").status == 0
    seen: list[str] = []
    cursor: list[str] = []
    while True:
        page: dict[str, Any] = run("ls", "--limit", "2", *cursor, "--json").json
        assert page["total"] == 5
        assert all(set(image) == IMAGE_KEYS for image in page["images"])
        seen += [image["image_id"] for image in page["images"]]
        if page["next"] is None:
            break
        cursor = ["--after", page["next"]]
    assert (len(seen), set(seen)) == (5, ids)
    listed = run("ls", "--limit", "2")
    assert [line.split("\t")[0] for line in listed.text.splitlines()] == seen[:2]
    assert "2 of 5 images; --all lists all, and --after " in listed.stderr
    assert run("ls", "--state", "damaged", "--json").json == {"images": [], "total": 0, "next": None}
    assert run("ls", "--after", "x").status == 2


def test_explaining(made: CommandHome) -> None:
    """The trace is available as JSON and as text."""
    image_id = made.put_half(made.make_storage_dir())
    trace = run("explain", image_id, "--json").json
    assert set(trace) == {"image_id", "verdict", "summary", "sds", "next", "original"}
    assert trace["verdict"] == "arriving"
    assert set(trace["sds"][0]) == {"sd_id", "name", "path", "state", "problem", "catalog", "disk"}
    story = run("explain", image_id).text
    assert "still arriving" in story
    assert trace["next"] in story


def test_scanning(made: CommandHome) -> None:
    """The report lists what this scan changed. A second scan finds nothing."""
    root = made.make_storage_dir()
    made.put(root)
    (root / "media/notes.md").write_text("")
    (first,) = run("scan", "Notes", "--json").json["scans"]
    assert set(first) == SCAN_KEYS
    assert (first["added"], first["ignored"]["strays"]) == (1, 1)
    again = run("scan")
    assert again.text.startswith("Notes: nothing new, 1 unchanged (")


def test_inspecting(made: CommandHome) -> None:
    """Complete lists as JSON, a letter for people, the tree, and a file's facts and bytes."""
    root = made.make_storage_dir()
    image_id = made.put(root)
    (root / "media" / HOSTILE).write_text("")
    (status,) = run("inspect", "Notes", "--json").json["sds"]
    assert {
        "sd_id",
        "measured_at",
        "on_disk",
        "in_catalog",
        "identity",
        "problems",
        *SyncStatus.LISTS,
    } <= set(status)
    assert status["on_disk_not_in_catalog"][0]["image_id"] == image_id
    assert status["strays"][0]["filename"] == HOSTILE
    letter = run("inspect").text
    assert "1 image on the disk that is not in the catalog" in letter
    tree = run("inspect", "tree", "Notes", "--json").json
    assert tree["sd_id"] == SD_ID.format(1)
    assert {"path", "kind", "size_bytes", "meaning", "state", "whole"} == set(tree["entries"][0])
    assert run("inspect", "tree", "Notes", "--json").text == json.dumps(tree, indent=2) + "\n"
    assert run("inspect", "file", "Notes", f"media/{image_id}.png", "--json").json["size_bytes"] == len(
        make_picture("png")
    )
    page = run("inspect", "hex", "Notes", f"media/{image_id}.png", "--length", "8")
    assert page.text == "00000000  89 50 4e 47 0d 0a 1a 0a                          |.PNG....|\n"
    assert "--offset 8" in page.stderr
    in_json = run("inspect", "hex", "Notes", f"media/{image_id}.png", "--length", "8", "--json").json
    assert in_json["hex"] == "89504e470d0a1a0a"
    assert "\x1b" not in letter + run("inspect", "tree", "Notes").text


@pytest.mark.parametrize("command", ["scan", "inspect", "ls", "sd list"])
def test_nothing_there_yet_is_no_error(command: str, home: Path) -> None:
    """In a new home, commands exit with 0 and an empty answer; the text says what to do."""
    answer = run(*command.split(), "--json")
    assert answer.status == 0
    assert [] in answer.json.values()
    assert run(*command.split()).status == 0


def test_the_doctor(made: CommandHome) -> None:
    """Each check has its result. The exit status is 0 if all is well."""
    made.make_storage_dir()
    checks = run("doctor", "--json").json["checks"]
    assert all(set(check) == {"name", "ok", "message", "remedy"} for check in checks)
    seen = run("doctor")
    assert seen.status == (0 if all(check["ok"] for check in checks) else 1)
    assert len([line for line in seen.text.splitlines() if "\t" in line]) == len(checks)


def test_the_shell_completes_storage_directories(made: CommandHome) -> None:
    """Names are completed as argument, as option, and after inspect."""
    made.make_storage_dir()
    made.make_storage_dir("Novel")
    for words in ("strandline sd show N", "strandline ls --sd N", "strandline inspect N"):
        count = str(len(words.split()) - 1)
        asked = {"_STRANDLINE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": count}
        assert set(run_process(environ=asked).text.splitlines()) == {"plain,Notes", "plain,Novel"}


def test_completion_decides_no_identity_and_sd_list_does(made: CommandHome) -> None:
    """While there are only conflict copies of ``SD_ID``, completion writes nothing. ``sd list`` decides."""
    root = made.make_storage_dir()
    (root / "SD_ID").rename(root / "SD_ID.conflict1")
    os.utime(root / "SD_ID.conflict1", (100, 100))
    asked = {
        "_STRANDLINE_COMPLETE": "bash_complete",
        "COMP_WORDS": "strandline sd show N",
        "COMP_CWORD": "3",
    }
    assert run_process(environ=asked).text.splitlines() == ["plain,Notes"]
    assert not (root / "SD_ID").exists()
    assert run("sd", "list", "--json").json["sds"][0]["state"] == "online"
    assert (root / "SD_ID").exists()


@pytest.mark.slow
def test_file_names_that_are_no_utf_8(made: CommandHome) -> None:
    """They are escaped in text and in JSON, and break neither."""
    root = made.make_storage_dir()
    (root / "media" / os.fsdecode(b"caf\xe9.png")).write_bytes(b"")
    for arguments in (["inspect"], ["inspect", "tree", "Notes"]):
        assert "caf\\xe9.png" in run_process(*arguments).text
    assert run_process("inspect", "--json").json["sds"][0]["strays"][0]["filename"] == "caf\\xe9.png"


def test_a_terminal_is_drawn_on_with_care(made: CommandHome) -> None:
    """Headings and whole ids fit the width, NO_COLOR turns colors off, and no name acts on the terminal."""
    root = made.make_storage_dir()
    image_id = made.put(root)
    (root / "media" / HOSTILE).write_text("")
    run("scan")
    status, drawn = run_on_terminal("ls", columns=100)
    assert status == 0
    assert image_id in drawn
    assert "PIXELS" in drawn
    assert "\x1b[" in drawn
    _, letter = run_on_terminal("inspect", columns=60, environ={"NO_COLOR": "1"})
    assert "\x1b" not in letter
    assert "\\x1b]0;owned\\x07\\u202e.md" in letter
