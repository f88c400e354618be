"""``strandline ls``: everything in a pipe, a page on a terminal, and only what was asked for."""

from __future__ import annotations

import re
import shutil
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.pictures import make_picture
from builders.program import run, run_on_terminal
from builders.storage import id_of, make_storage_dir, put_image
from strandline import open_store

TAKEN = [datetime(2024, month, 1, 12, tzinfo=UTC) for month in (5, 6, 7)]
PHOTOS = [make_picture("jpg", seed=number, taken_at=day) for number, day in enumerate(TAKEN)]
DRAWING = make_picture("png", seed=9)
IDS = [id_of(data) for data in (*PHOTOS, DRAWING)]


@pytest.fixture
def folder(made: CommandHome, tmp_path: Path) -> Path:
    """A storage directory with three photos, then a drawing with a name; everything is proven."""
    root = make_storage_dir(tmp_path / "Vault", *PHOTOS)
    with open_store(made.home) as store:
        store.add_storage_dir(root)
        store.save(DRAWING, sd="Vault", name="Ku\u0308che\tim\u202e Regen.png")
        for image_id in IDS:
            store.get(image_id)
    return root


def ids(*arguments: str) -> list[str]:
    """The first column, as numbers of pictures."""
    ran = run("ls", *arguments)
    assert ran.status == 0, ran.stderr
    return [line.partition("\t")[0] for line in ran.text.splitlines()]


def numbers(*arguments: str) -> list[int]:
    """The listed pictures, by number."""
    return [[str(each) for each in IDS].index(image_id) for image_id in ids(*arguments)]


def test_a_pipe_gets_all_images_and_a_terminal_a_page(made: CommandHome, tmp_path: Path) -> None:
    """With a line that says so. ``--all`` and ``--limit`` choose."""
    root = made.make_storage_dir()
    for number in range(101):
        (root / "media" / f"{number:032x}.png").write_bytes(b"x")
    assert run("scan").status == 0
    assert len(ids()) == len(set(ids())) == 101
    assert len(run("ls", "--json").json["images"]) == run("ls", "--json").json["total"] == 101
    assert len(ids("--limit", "7")) == 7
    _, drawn = run_on_terminal("ls", columns=100)
    assert "100 of 101 images; --all lists all" in " ".join(drawn.split())
    _, drawn = run_on_terminal("ls", "--all", columns=100)
    assert len(re.findall("[0-9a-f]{32}", drawn)) == 101
    page = run("ls", "--limit", "100", "--json").json
    assert len(page["images"]) == 100
    assert len(ids("--after", page["next"])) == 1


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["--search", "KÜCHE"], [3]),
        (["--search", "regen kuche"], [3]),
        (["--search", IDS[1][:9]], [1]),
        (["--type", "jpg"], [2, 1, 0]),
        (["--type", "image/png"], [3]),
        (["--state", "present", "--type", "png"], [3]),
        (["--month", "2024-06"], [1]),
        (["--from", "2024-05-02", "--to", "2024-06-30"], [1]),
        (["--to", "2024-06-01", "--reverse"], [0, 1]),
        (["--sd", "Vault", "--sort", "arrived", "--limit", "1"], [3]),
    ],
)
def test_each_option_narrows_the_list(folder: Path, asked: list[str], expected: list[int]) -> None:
    """The same words as in the library and over HTTP."""
    assert numbers(*asked) == expected


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["--month", "2026-13"], "'2026-13' is not a month"),
        (["--from", "yesterday"], "'yesterday' is not a day"),
        (["--type", "movie"], "'movie' is not an image type"),
        (["--columns", "id,colour"], "there is no column 'colour'; the columns are id, type, "),
        (["--all", "--limit", "2"], "give --all or --limit, not both"),
        (["--sort", "size"], "--sort: 'size' is not one of"),
    ],
)
def test_what_cannot_be_meant_is_refused(made: CommandHome, asked: list[str], words: str) -> None:
    """As wrong use, with the reason."""
    ran = run("ls", *asked)
    assert (ran.status, ran.text) == (2, "")
    assert words in ran.stderr


def test_columns_are_exact_in_a_pipe(folder: Path) -> None:
    """Bytes, times in UTC, whole paths; a name that would break a line or a terminal is written out."""
    row = run("ls", "--search", "kuche", "--columns", "id,name,type,size,state,folder,path").text
    name = "Ku\u0308che\\x09im\\u202e Regen.png"
    path = f"{folder}/media/{IDS[3]}.png"
    assert row == "\t".join([IDS[3], name, "png", str(len(DRAWING)), "checked", "Vault", path]) + "\n"
    (taken,) = run("ls", "--month", "2024-06", "--columns", "taken").text.splitlines()
    assert taken == "2024-06-01T12:00:00.000000Z"
    (arrived,) = run("ls", "--month", "2024-06", "--columns", "arrived").text.splitlines()
    assert arrived.startswith(f"{datetime.now(UTC):%Y}") or "Z" in arrived


def test_names_are_shown(folder: Path) -> None:
    """Without being asked for: at the end, so that earlier columns keep their places."""
    (row,) = run("ls", "--search", "kuche").text.splitlines()
    assert row.split("\t")[-1].startswith("Ku\u0308che")


def test_a_terminal_shows_names_if_there_are_any(folder: Path) -> None:
    """A column without anything in it would take the place of others."""
    _, drawn = run_on_terminal("ls", columns=120)
    assert "NAME" in drawn
    assert "Regen.png" in drawn
    _, drawn = run_on_terminal("ls", columns=80)
    assert "…" in drawn
    assert "PIXELS" not in drawn
    lines = unicodedata.normalize("NFC", re.sub(r"\x1b\[[0-9;]*m", "", drawn)).splitlines()
    assert [line for line in lines if len(line.rstrip()) > 80] == []
    assert all(image_id in drawn for image_id in IDS)
    _, drawn = run_on_terminal("ls", "--type", "jpg", columns=110)
    assert "NAME" not in drawn
    assert "PIXELS" in drawn


def test_an_empty_list_says_why(folder: Path, made: CommandHome) -> None:
    """Whether there is nothing at all, or nothing that was asked for. Not on stdout."""
    for asked, words in (
        (["--state", "damaged"], "none of 4 images is damaged"),
        (["--state", "damaged", "--limit", "5"], "none of 4 images is damaged"),
        (["--search", "nowhere"], "none of 4 images matches"),
    ):
        ran = run("ls", *asked)
        assert (ran.status, ran.text) == (0, "")
        assert words in ran.stderr


def test_an_empty_home_says_what_to_do(made: CommandHome) -> None:
    """There is nothing to choose from."""
    assert "no images yet; save some with `strandline save FILE`" in run("ls", "--state", "damaged").stderr


def test_an_absent_folder_is_told(folder: Path) -> None:
    """What is listed is what was known. One line for each, and only of folders that were asked for."""
    assert "what was known" not in run("ls").stderr
    shutil.move(folder, folder.with_name("gone"))
    for asked in ([], ["--json"], ["--limit", "1"], ["--sd", "Vault"]):
        ran = run("ls", *asked)
        assert ran.stderr.splitlines()[-1] == "strandline: 'Vault' is offline; this is what was known"
        assert ran.text != ""


def test_a_new_arrival_is_first_if_asked(folder: Path) -> None:
    """Although it was taken long ago."""
    old = make_picture("jpg", seed=50, taken_at=datetime(2001, 1, 1, tzinfo=UTC))
    put_image(folder, old)
    assert run("scan").status == 0
    assert ids("--sort", "arrived")[0] == ids()[-1] == id_of(old)
    assert ids("--sort", "arrived", "-r")[-1] == id_of(old)


def test_a_folder_of_named_pictures_is_listed(made: CommandHome, tmp_path: Path) -> None:
    """With what is below it, and a search finds it by a word of its name."""
    vault = tmp_path / "Trips"
    for path, data in zip(("Lisbon/Old/a.jpg", "Lisbon/b.jpg", "Oslo/c.jpg"), PHOTOS, strict=True):
        (vault / path).parent.mkdir(parents=True, exist_ok=True)
        (vault / path).write_bytes(data)
    assert run("sd", "add", vault).status == 0
    assert sorted(numbers("--folder", "Lisbon/")) == [0, 1]
    assert numbers("--folder", "Lisbon/Old", "--sd", "Trips") == [0]
    assert numbers("--search", "OSLO c") == [2]
    assert "none of 3 images matches" in run("ls", "--folder", "lisbon").stderr
    assert run("ls", "--folder", "../x").status == 2


def test_what_has_no_id_yet_is_told(made: CommandHome, tmp_path: Path) -> None:
    """It is in no row. On stderr, and only if it fits."""
    vault = tmp_path / "Trips"
    vault.mkdir()
    (vault / "whole.jpg").write_bytes(PHOTOS[0])
    (vault / "half.jpg").write_bytes(PHOTOS[1][:-400])
    assert run("sd", "add", vault).status == 0
    for given in ((), ("--search", "half"), ("--state", "arriving")):
        assert (
            "besides, 1 file without an id: still arriving, damaged, or not read yet (half.jpg)"
            in run("ls", *given).stderr
        )
    assert "besides" not in run("ls", "--search", "whole").stderr
    assert numbers() == [0]
