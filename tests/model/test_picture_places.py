"""Where a new picture belongs in a folder of notes: by what is there, and never outside of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strandline.model.passed_over import is_in_passed_over
from strandline.model.picture_places import (
    DEFAULT,
    MAX_FOLDER_BYTES,
    OBSIDIAN_SETTINGS,
    SIGNS,
    PlacesLook,
    find_busiest,
    is_usable,
    iter_folders,
)

EMPTY = PlacesLook()

WISHES = st.one_of(
    st.text(),
    st.text("./\\ab: \0{}~"),
    st.lists(st.sampled_from(["..", ".", "", "a", ".obsidian", "node_modules", "con", "C:", " x", "y."])).map(
        "/".join
    ),
)
PATHS = st.lists(
    st.text("abc/", min_size=1, max_size=6).map(lambda text: f"{text.strip('/')}/x.png"), max_size=9
)


def obsidian(wish: object) -> PlacesLook:
    """A vault whose settings have this attachment folder."""
    settings = json.dumps({"attachmentFolderPath": wish}).encode()
    return PlacesLook(frozenset({".obsidian"}), {OBSIDIAN_SETTINGS: settings})


def first(look: PlacesLook, newest: list[str] | None = None, note: str | None = None) -> str:
    """The folder that is tried first."""
    return next(iter_folders(look, newest or [], note))


@pytest.mark.parametrize(
    ("wish", "folder"),
    [
        ("/", ""),
        ("", ""),
        ("Files", "Files"),
        ("Files/img/", "Files/img"),
        ("./", "busy"),
        (".", "busy"),
        ("./sub", "busy"),
        ("../out", "busy"),
        ("/etc", "busy"),
        ("C:/x", "busy"),
        ("a\\b", "busy"),
        (".obsidian", "busy"),
        ("a/.git/b", "busy"),
        ("node_modules/x", "busy"),
        ("con", "busy"),
        ("x.", "busy"),
        (" x", "busy"),
        ("a//b", "busy"),
        ("a/./b", "busy"),
        ("./assets/${filename}", "busy"),
        ("x" * 300, "busy"),
        ("/".join("abcdefghijklmnopqrst"), "busy"),
        (7, "busy"),
        (None, "busy"),
    ],
)
def test_obsidian_says_it(wish: object, folder: str) -> None:
    """A setting that leads elsewhere, or that some system refuses, is passed over."""
    assert first(obsidian(wish), ["busy/1.png", "busy/2.png", "x.png"]) == folder


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"[" * 100_000, b"\xff", b'"/"'])
def test_settings_that_say_nothing(data: bytes) -> None:
    """Whatever they are, the next rule decides."""
    look = PlacesLook(frozenset({".obsidian"}), {OBSIDIAN_SETTINGS: data})
    assert first(look, ["busy/1.png"]) == "busy"


def test_obsidian_leaves_out_what_is_usual() -> None:
    """Without the setting it is the root, as in the program."""
    assert first(PlacesLook(frozenset({".obsidian"}), {OBSIDIAN_SETTINGS: b"{}"}), ["busy/1.png"]) == ""


def test_a_note_decides_for_its_folder() -> None:
    """Only if the program puts pictures beside notes. The folder of a hostile path is not used."""
    assert first(obsidian("./"), [], "Work/a/n.md") == "Work/a"
    assert first(obsidian("./"), [], "n.md") == ""
    assert first(obsidian("./img"), [], "Work/n.md") == "Work/img"
    assert first(obsidian("./img"), [], "n.md") == "img"
    assert first(obsidian("./../../x"), [], "Work/n.md") == DEFAULT
    assert first(obsidian("Files"), [], "Work/n.md") == "Files"
    assert first(obsidian("./"), [], ".obsidian/n.md") == DEFAULT


@pytest.mark.parametrize(
    ("there", "newest", "folder"),
    [
        ([], [], "attachments"),
        (["images"], [], "images"),
        (["Attachments"], [], "Attachments"),
        (["logseq/config.edn"], ["x/1.png"], "assets"),
        (["_resources"], ["x/1.png"], "_resources"),
        (["mkdocs.yml"], [], "docs/assets"),
        (["mkdocs.yml", "docs/img"], [], "docs/img"),
        (["mkdocs.yml", "docs/img"], ["docs/a/1.png"], "docs/a"),
        (["docusaurus.config.js"], [], "static/img"),
        (["hugo.toml", "static/img"], [], "static/img"),
        (["_config.yml"], [], "assets/images"),
        (["dendron.yml", "vault"], [], "vault/assets/images"),
        (["dendron.yml"], [], "assets/images"),
        ([], ["1.png", "2.png", "a/3.png"], ""),
    ],
)
def test_other_programs(there: list[str], newest: list[str], folder: str) -> None:
    """By what they leave in the root, then by where the newest pictures are."""
    assert set(there) <= set(SIGNS)
    assert first(PlacesLook(frozenset(there)), newest) == folder


def test_the_busiest_folder() -> None:
    """Near a note, if it has pictures near it. Of equal ones, the one that is less deep, then the first by name."""
    paths = ["a/1.png", "a/2.png", "b/c/3.png", "b/4.png", "b/d/5.png", "b/d/6.png", "b/d/7.png"]
    assert find_busiest(paths) == "b/d"
    assert find_busiest(paths, "a/n.md") == "a"
    assert find_busiest(paths, "b/c/e/n.md") == "b/c"
    assert find_busiest(paths, "z/n.md") == "b/d"
    assert find_busiest(["b/1.png", "a/2.png", "a/b/3.png"]) == "a"
    assert find_busiest([]) is None
    assert find_busiest([], "a/n.md") is None


@given(WISHES, PATHS, st.none() | WISHES, st.sets(st.sampled_from(SIGNS)))
@example("./", [], "../n.md", set())
@example("./..", [], "a/n.md", {".obsidian"})
def test_every_folder_is_below_the_root(
    wish: str, newest: list[str], note: str | None, there: set[str]
) -> None:
    """Whatever the settings and the note say. The last one is the root, and each is there once."""
    look = PlacesLook(frozenset(there | {".obsidian"}), obsidian(wish).settings)
    folders = list(iter_folders(look, newest, note))
    assert "" in folders
    assert len(folders) == len(set(folders))
    for folder in filter(None, folders):
        parts = folder.split("/")
        assert not {"", ".", ".."}.intersection(parts)
        assert not is_in_passed_over(f"{folder}/x")
        assert not any(part.startswith(".") for part in parts)


@given(WISHES)
def test_a_usable_folder_is_one_everywhere(wish: str) -> None:
    """It has no character that a system refuses, and is not too long."""
    if is_usable(wish):
        assert not set(wish) & set('<>:"|?*\\\0\n')
        assert len(wish.encode()) <= MAX_FOLDER_BYTES
        assert not wish.startswith("/")
        assert all(part == part.strip(" ") and not part.endswith(".") for part in wish.split("/"))
