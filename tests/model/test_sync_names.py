"""Names that sync clients leave beside a wanted name are recognized, and never taken for one."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.dialects import DIALECTS
from strandline.model.sync_names import (
    MAX_NAME_LENGTH,
    NameKind,
    NameMeaning,
    classify_identity_name,
    explain_conflict_copy,
    explain_name,
    is_identity_like,
    put_copies_last,
)

H = "0123456789abcdef0123456789abcdef"
PNG = H + ".png"
UUID = "01234567-89ab-4def-8123-456789abcdef"

_WANTED = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.(?:png|jpg|webp)|SD_ID")


def is_wanted(name: str) -> bool:
    """A small grammar of wanted names, stricter than the real one: lower case only."""
    return _WANTED.fullmatch(name) is not None


def means(name: str) -> tuple[str, str | None]:
    """The kind and the wanted name that a name stands for."""
    meaning = explain_name(name, is_wanted)
    return meaning.kind.value, meaning.stands_for


@pytest.mark.parametrize("name", [PNG, UUID + ".webp", "SD_ID"])
def test_a_wanted_name_is_wanted(name: str) -> None:
    """A name of the grammar stands for itself, even with dashes."""
    assert explain_name(name, is_wanted) == NameMeaning(NameKind.WANTED, "", name)


@pytest.mark.parametrize(
    ("name", "client", "original"),
    [
        ("SD_ID.sync-conflict-20261122-152736-V74P6II", "syncthing", "SD_ID"),
        (f"{H}.sync-conflict-20261122-152736-V74P6II.png", "syncthing", PNG),
        ("SD_ID..path1", "rclone", "SD_ID"),
        (f"{PNG}..path2", "rclone", PNG),
        ("SD_ID.conflict1", "rclone", "SD_ID"),
        (f"{PNG}.conflict2", "rclone", PNG),
        (f"{H}.conflict2.png", "rclone", PNG),
        ("SD_ID.variant-0702", "git-annex", "SD_ID"),
        (f"{H}.variant-e7a3.png", "git-annex", PNG),
        ("SD_ID (conflict_on_2026-11-22)", "", "SD_ID"),
        (f"{PNG} (conflict_on_2026-11-22)", "", PNG),
        ("SD_ID (Anna's conflicted copy 2026-11-22)", "", "SD_ID"),
        (f"{H} (Anna (work)'s conflicted copy 2026-11-22).png", "", PNG),
        (f"{H} (conflicted copy 2026-11-22 152736).png", "", PNG),
        (f"{H} (Conflicted copy ThinkPad 202603121129).png", "", PNG),
        (f"{H} (conflicting copy 1).png", "", PNG),
        (f"{H} (edited by Anna on ThinkPad @ 2026-11-22).png", "", PNG),
        (f"{H} [conflicted].png", "", PNG),
        ("SD_ID (SFConflict a@b.c 2026-11-22-15-27-36)", "", "SD_ID"),
        (f"{H} (In Konflikt stehende Kopie von PC 2026-11-22).png", "", PNG),
        ("SD_ID (Copie en conflit de Anna 2026-11-22)", "", "SD_ID"),
        (f"{H} (co\u0301pia em conflito de Ana 2026-11-22).png", "", PNG),
        (f"{H} (case conflict 1).png", "", PNG),
        (f"{H} (case clash from 2026-11-22 152736).png", "", PNG),
        (f"{H}.Conflict.png", "resilio", PNG),
        (f"{H}.Conflict.Conflict.png", "resilio", PNG),
        (f"{H}_conflict-20261122-152736.png", "nextcloud", PNG),
        (f"{H}-myhost-safeBackup-0001.png", "onedrive", PNG),
        (f"{UUID}-my-host-safeBackup-0001.png", "onedrive", f"{UUID}.png"),
        (f"{H} (1).sync-conflict-20261122-152736-V74P6II.png", "syncthing", PNG),
        ("notes (conflicted copy 2026-11-22).txt", "", None),
        ("SD_ID.was-x.sync-conflict-20261122-152736-V74P6II", "syncthing", None),
    ],
)
def test_conflict_copies_of_every_client(name: str, client: str, original: str | None) -> None:
    """A conflict copy is recognized with the program that made it, whatever it is a copy of."""
    meaning = NameMeaning(NameKind.CONFLICT_COPY, client, original)
    assert explain_name(name, is_wanted) == meaning
    assert explain_conflict_copy(name, is_wanted) == meaning


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("Café.sync-conflict-20261122-152736-V74P6II.png", "Café.png"),
        ("x (in Konflikt stehende Kopie von Ada 2026-11-22).jpg", "x.jpg"),
        ("x (Ada 的冲突副本 2026-11-22).png", "x.png"),
        ("x_conflict-20261122-152736.heic", "x.heic"),
        ("Rosen 7-DESKTOP-7QK2J9A.jpeg", "Rosen 7.jpeg"),
        ("x-y-LAPTOP-1A2B3C4D-2-DESKTOP-7QK2J9A.png", "x-y.png"),
        ("my-desktop-wallpapr.png", None),
        ("x-DESKTOP-7QK.png", None),
        ("conflict.png", None),
        ("The conflict (1).png", None),
        ("x (1).png", None),
        ("Pasted image 20261122152736.png", None),
    ],
)
def test_a_picture_may_be_a_conflict_copy_of_another(name: str, original: str | None) -> None:
    """Where people's own names are wanted, too. A number alone says nothing."""
    meaning = explain_conflict_copy(name, lambda name: "." in name)
    assert (meaning and meaning.stands_for) == original


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("SD_ID-DESKTOP-AB12", "SD_ID"),
        ("SD_ID-anna.local", "SD_ID"),
        (f"{H}-MacBook Pro de C-2.png", PNG),
        (f"{UUID}-DESKTOP-AB12-DESKTOP-AB12.png", f"{UUID}.png"),
        (f"{H} (1).png", PNG),
        (f"{H} (1) (2).png", PNG),
        ("SD_ID (1)", "SD_ID"),
        ("SD_ID 2", "SD_ID"),
        (f"{H} 2.png", PNG),
        (f"{H} - Copy.png", PNG),
        (f"{H} - Kopie (2).png", PNG),
        (f"Copy of {PNG}", PNG),
        (f"Copy (2) of {PNG}", PNG),
        (f"{H} copy 3.png", PNG),
    ],
)
def test_duplicates_of_a_wanted_name(name: str, original: str) -> None:
    """Names that people and systems give to a second copy are traced to the first."""
    assert means(name) == ("duplicate", original)


@pytest.mark.parametrize(
    ("name", "client", "original"),
    [
        (f".syncthing.{PNG}.tmp", "syncthing", PNG),
        (f"~syncthing~{PNG}.tmp", "syncthing", PNG),
        (".syncthing.SD_ID.sync-conflict-20261122-152736-V74P6II.tmp", "syncthing", None),
        (f".unison.{PNG}.4409ee4d8e0c77ccc21d846ef3231748.unison.tmp", "unison", PNG),
        (f"{PNG}.1.unison.bak", "unison", PNG),
        (f".{PNG}.AI5nRd", "rsync", PNG),
        (".~tmp~", "rsync", None),
        (f"{PNG}.1a2b3c4d.partial", "rclone", PNG),
        (f"{PNG}.partial", "onedrive", PNG),
        (f".{PNG}.~5f3a", "nextcloud", PNG),
        (f"{PNG}~", "seafile", PNG),
        (f"{PNG}.sbak", "seafile", PNG),
        (f"{PNG}.!sync", "resilio", PNG),
        (f"{PNG}.crdownload", "browser", PNG),
        (".syncthing.two\nlines.png.tmp", "syncthing", None),
        (".tmp.drivedownload", "google-drive", None),
        (".~k3j2h1.tmp", "", None),
        ("~$notes.docx", "", None),
        (f".{PNG}.swp", "vim", PNG),
    ],
)
def test_temporaries(name: str, client: str, original: str | None) -> None:
    """A file on its way is recognized, with the wanted name that it will get."""
    assert explain_name(name, is_wanted) == NameMeaning(NameKind.TEMPORARY, client, original)


@pytest.mark.parametrize(
    ("name", "client", "original"),
    [
        (f".{PNG}.icloud", "icloud", PNG),
        (f".{PNG}-tef.icloud", "icloud", PNG),
        (f".{PNG}.iCloud", "icloud", PNG),
        (".SD_ID.icloud", "icloud", "SD_ID"),
        (f"{PNG}.nextcloud", "nextcloud", PNG),
        (f"{PNG}.owncloud", "owncloud", PNG),
        (f"{PNG}.rsls", "resilio", PNG),
        (f"{PNG}.rsl~", "resilio", PNG),
        (".holiday.png.icloud", "icloud", None),
        (f".{H} (1).png.icloud", "icloud", None),
    ],
)
def test_placeholders(name: str, client: str, original: str | None) -> None:
    """A placeholder stands for exactly the name that it represents, never for the original of a copy."""
    assert explain_name(name, is_wanted) == NameMeaning(NameKind.PLACEHOLDER, client, original)


@pytest.mark.parametrize(
    ("name", "client"),
    [
        (".DS_Store", "macos"),
        (f"._{PNG}", "macos"),
        ("Icon\r", "macos"),
        ("desktop.ini", "windows"),
        ("Thumbs.db", "windows"),
        (".stfolder", "syncthing"),
        (".stversions", "syncthing"),
        (".sync", "resilio"),
        (".dropbox.cache", "dropbox"),
        ("._sync_1a2b.db-wal", "nextcloud"),
        (".849C9593-D756-4E56-8D6E-42412F2A707B", "onedrive"),
        ("@eaDir", "synology"),
        (".nfs00000000012ab3400000001", "linux"),
    ],
)
def test_litter(name: str, client: str) -> None:
    """Files that a client or system keeps for itself are attributed to it."""
    assert explain_name(name, is_wanted) == NameMeaning(NameKind.LITTER, client)


@pytest.mark.parametrize(
    "name",
    [
        *[H.upper() + ".png", H + ".PNG", "holiday.png", "sd_id", H[:-1] + ".png", "SD_ID.txt"],
        *["notes (1).txt", ".vimrc.backup", "notes copy.txt", "a-b.png", "", ".", "Icon", PNG + "\n"],
    ],
)
def test_other_names_are_strays(name: str) -> None:
    """Weak patterns (numbers, "copy", a computer's name) mean nothing beside a name that is not wanted."""
    assert means(name) == ("stray", None)


# --- laws ---------------------------------------------------------------------------------------------------

hexes = st.text("0123456789abcdef", min_size=32, max_size=32)
uuids = st.uuids().map(str)
split_names = st.tuples(hexes | uuids, st.sampled_from([".png", ".jpg", ".webp"])) | st.just(("SD_ID", ""))
numbers = st.integers(1, 99)
days = st.dates().map(str)
hosts = st.text(st.characters(categories=["L", "N"], include_characters=" -_'()@."), max_size=20).map(
    # A dot or tilde at the end, or an "extension", could make the name match another client's pattern.
    lambda host: "pc" + host.replace(".", ". ")
)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@settings(max_examples=max(1, settings().max_examples // 5))  # for each of forty dialects
@given(split=split_names, host=hosts, n=numbers, day=days)
def test_a_conflict_copy_in_every_dialect(
    dialect: str, split: tuple[str, str], host: str, n: int, day: str
) -> None:
    """Law: a conflict copy of a wanted name, as each client spells it, is a copy of exactly that name."""
    stem, ext = split
    meaning = explain_name(dialect.format(stem=stem, ext=ext, host=host, n=n, day=day), is_wanted)
    assert meaning.kind in (NameKind.CONFLICT_COPY, NameKind.DUPLICATE)
    assert meaning.stands_for == stem + ext


fragments = st.sampled_from(
    [
        *[
            H,
            PNG,
            UUID,
            "SD_ID",
            "sd_id",
            ".png",
            ".",
            "..",
            "-",
            " ",
            "(",
            ")",
            "[",
            "]",
            "~",
            "~$",
            "#",
            "._",
        ],
        *["conflicted copy", ".conflict", "1", " (1)", " copy", "copy of ", ".sync-conflict-20261122-152736"],
        *[".icloud", ".nextcloud", ".syncthing.", ".tmp", "-safebackup-1", "..path1", "\0", "\n", "\r"],
        *["\udcff", "\u202e", "\u0301", "\u212a", "ſ", "é", ".conflict1"],
    ]
)
hostile_names = st.lists(fragments | st.text(max_size=5), max_size=12).map("".join) | st.text(
    st.characters(), max_size=300
)


@given(hostile_names)
def test_no_name_is_taken_for_another(name: str) -> None:
    """Law: every text has an explanation, is wanted only by the grammar, and stands only for wanted names."""
    meaning = explain_name(name, is_wanted)
    assert (meaning.kind is NameKind.WANTED) == is_wanted(name)
    assert meaning.stands_for is None or is_wanted(meaning.stands_for)


@pytest.mark.slow
def test_made_up_names_cost_little() -> None:
    """Names that almost fit every pattern, even much longer than file systems allow, finish within seconds."""
    units = ["(", "[ ", "-", " ", "\n", "conflicted copy)", "(conflicted copy", ".conflict1", "-safebackup-1"]
    units += ["1", " (1)", " copy", "(edited by x on y @", "..path1", "~", ".unison.", "-tef", "\u0315\u0301"]
    names = [
        (start + unit * length)[: length - len(end)] + end
        for unit in units
        for start in ("", "SD_ID", "(")
        for end in ("", ")", "x", ".png", ".icloud")
        for length in (MAX_NAME_LENGTH, 10_000)
    ]
    started = time.monotonic()
    for name in names:
        explain_name(name, is_wanted)
        classify_identity_name(name)
    assert time.monotonic() - started < 30


# --- SD_ID --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "stands_for"),
    [
        ("SD_ID", "wanted", "SD_ID"),
        ("sd_id", "conflict-copy", "SD_ID"),
        ("SD_ID..path1", "conflict-copy", "SD_ID"),
        ("sd_id.variant-0702", "conflict-copy", "SD_ID"),
        ("SD_ID 2", "duplicate", "SD_ID"),
        (".SD_ID.icloud", "placeholder", "SD_ID"),
        (".syncthing.SD_ID.tmp", "temporary", "SD_ID"),
        (f"SD_ID.was-{UUID}", "stray", None),
        (".sd-id", "stray", None),
        ("\u017fd_\u0131d", "stray", None),
        ("media", "stray", None),
        (".stfolder", "litter", None),
    ],
)
def test_names_around_an_identity(name: str, kind: str, stands_for: str | None) -> None:
    """Names in the root are classified by their relation to ``SD_ID``, in any letter case."""
    meaning = classify_identity_name(name)
    assert (meaning.kind.value, meaning.stands_for) == (kind, stands_for)


@pytest.mark.parametrize(
    "name",
    [
        *[
            "SD_ID",
            "sd_id.txt",
            "SD_IDENTITY",
            f"SD_ID.was-{UUID}",
            ".SD_ID.icloud",
            "SD_ID~",
            "Copy of SD_ID",
        ],
        *[".SD_ID 2.icloud", ".syncthing.SD_ID.sync-conflict-20261122-152736-V74P6II.tmp", ".sd_id.x7Gh2k"],
    ],
)
def test_what_hints_at_an_identity(name: str) -> None:
    """Any hint that an identity may be on its way counts: a new one is made only if there is no hint."""
    assert is_identity_like(name)


@pytest.mark.parametrize("name", ["media", ".sd-id", "MY_SD_ID", ".DS_Store", "notes.txt", ".tmp", ""])
def test_what_does_not_hint_at_an_identity(name: str) -> None:
    """A folder with other things in it can get an identity."""
    assert not is_identity_like(name)


def test_piled_up_marks_are_taken_off_once() -> None:
    """Marks come off in many orders, but each remaining name is checked once, so a made-up name costs little."""
    asked: list[str] = []

    def is_wanted(name: str) -> bool:
        asked.append(name)
        return False

    explain_name("Copy of Copy of x" + ".conflict1" * 10, is_wanted)
    assert len(asked) <= 60


@pytest.mark.parametrize(
    ("names", "sorted_names"),
    [
        (["x.sync-conflict-20260102-030405.jpg", "x.jpg"], ["x.jpg", "x.sync-conflict-20260102-030405.jpg"]),
        (["/a/x (conflicted copy).jpg", "/b/y.jpg"], ["/b/y.jpg", "/a/x (conflicted copy).jpg"]),
        (["x (1).jpg", "x.jpg", "a.jpg"], ["x.jpg", "a.jpg", "x (1).jpg"]),
        (["/a/x copy.jpg", "/b/x.jpg"], ["/b/x.jpg", "/a/x copy.jpg"]),
        (["IMG (1).jpg", "IMG (2).jpg"], ["IMG (1).jpg", "IMG (2).jpg"]),
        (["x-laptop.jpg", "x.jpg"], ["x.jpg", "x-laptop.jpg"]),
        (["b.jpg", "a.jpg"], ["b.jpg", "a.jpg"]),
        (["x (conflicted copy).jpg"], ["x (conflicted copy).jpg"]),
        ([], []),
    ],
)  # fmt: skip
def test_names_that_nobody_chose_come_last(names: list[str], sorted_names: list[str]) -> None:
    """A numbered name counts as chosen, unless the name without the number is there."""
    assert put_copies_last(names) == sorted_names


@given(st.lists(st.text(alphabet="ab (1)/-.jpg", max_size=12), max_size=5))
def test_no_name_is_lost(names: list[str]) -> None:
    """And among names of one kind, the order stays."""
    found = put_copies_last(names)
    assert sorted(found) == sorted(names)
    assert put_copies_last(found) == found
