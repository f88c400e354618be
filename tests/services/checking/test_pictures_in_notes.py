"""What a check says about pictures that are found: whole, arriving, edited, shown by the tool, fit for others."""

from __future__ import annotations

import pytest

from builders.named_pictures import NAMED_KINDS, make_named_picture
from builders.pictures import make_picture
from builders.vaults import TWO_DAYS_S, Vault, check, list_kinds, make_canvas, make_small
from strandline.model.image_ids import hash_to_content_id
from strandline.model.note_checks import CheckOptions


@pytest.mark.parametrize(
    ("path", "data", "kind"),
    [
        ("x.png", b"", "arriving"),
        (".x.png.icloud", b"", "in-cloud"),
        ("x.png.owncloud", b"", "in-cloud"),
        (".syncthing.x.png.tmp", b"half", "arriving"),
        ("x.png", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", "in-cloud"),
        ("x.png", b"<html>not found</html>", "damaged"),
        ("x.png", make_small()[:-20], "damaged"),
    ],
)
def test_a_picture_that_is_not_here_yet_is_not_missing(
    vault: Vault, path: str, data: bytes, kind: str
) -> None:
    """Nor is half of one."""
    vault.put(path, data)
    vault.put("note.md", b"![](x.png)")
    assert list_kinds(check(vault.root)) == [(kind, "x.png")]


@pytest.mark.parametrize(
    ("path", "data", "kind", "words"),
    [
        (
            ".syncthing.x.png.tmp",
            b"half",
            "missing",
            "only an unfinished download of it is here: .syncthing.x.png.tmp, which has not changed since 2",
        ),
        ("x.png", b"", "damaged", "the file is empty"),
        ("x.png", bytes(999), "damaged", "the file has only zeros"),
        (".x.png.icloud", b"", "in-cloud", "the picture is in the cloud"),
    ],
)
def test_what_has_not_changed_for_a_day_does_not_arrive(
    vault: Vault, path: str, data: bytes, kind: str, words: str
) -> None:
    """Waiting for it would be in vain. A placeholder waits for a person."""
    vault.put(path, data, age_s=TWO_DAYS_S)
    vault.put("note.md", b"![](x.png)")
    report = check(vault.root)
    assert [(finding.kind, finding.message[: len(words)]) for finding in report.findings] == [(kind, words)]
    if path.startswith(".syncthing"):
        vault.put(".x.png.1a2b3c", b"another one, by rsync")
        assert list_kinds(check(vault.root)) == [("arriving", "x.png")]


def test_complete_wants_everything_here(vault: Vault) -> None:
    """What is still arriving is a note by default."""
    vault.put("x.png", b"")
    vault.put("note.md", b"![](x.png)")
    assert not check(vault.root).has_errors
    assert check(vault.root, options=CheckOptions(complete=True)).has_errors


def test_a_young_half_is_arriving_outside_git(vault: Vault) -> None:
    """After a day it is damaged. What git checks out is never half, so there it is damaged at once."""
    (vault.root / ".git").rmdir()
    vault.put("young.png", make_small()[:-20])
    vault.put("old.png", make_small()[:-20], age_s=TWO_DAYS_S)
    vault.put("note.md", b"![](young.png) ![](old.png)")
    assert list_kinds(check(vault.root)) == [("arriving", "young.png"), ("damaged", "old.png")]


@pytest.mark.parametrize("extension", ["heic", "HEIF", "tif", "tiff", "jxl"])
def test_formats_that_obsidian_does_not_show(vault: Vault, extension: str) -> None:
    """Embedded, they are a warning. A link to one opens it, and other tools may show it."""
    kind = extension.lower()
    name = f"x.{extension}"
    vault.put(name, make_any(kind))
    vault.put("note.md", f"![[{name}]] ![](<{name}>) [[{name}]] [t]({name}) <img src={name}>".encode())
    vault.put("board.canvas", make_canvas(name))
    assert list_kinds(check(vault.root)) == []
    (vault.root / ".obsidian").mkdir()
    report = check(vault.root)
    assert list_kinds(report) == [("not-shown", name), ("not-shown", name)]
    assert {each.file for each in report.findings} == {name}
    assert (report.has_errors, report.counts["found"]) == (False, 4)


@pytest.mark.parametrize(
    ("name", "kind", "word"), [("IMG.jpg", "heic", "HEIC"), ("scan.png", "tiff", "TIFF")]
)
def test_the_bytes_say_what_is_shown(vault: Vault, name: str, kind: str, word: str) -> None:
    """Phones send a HEIC as .jpg, and Chromium draws nothing. A link leads to it, and AVIF is shown by any name."""
    (vault.root / ".obsidian").mkdir()
    vault.put(name, make_any(kind))
    vault.put("shown.jpg", make_any("avif"))
    vault.put("note.md", f"![[{name}]] [[{name}]] ![[shown.jpg]]".encode())
    report = check(vault.root)
    assert list_kinds(report) == [("not-shown", name)]
    assert (
        f"it is a {word}, although its name ends in {name[-4:]}, and Obsidian" in report.findings[0].message
    )


@pytest.mark.parametrize("extension", ["png", "jpg", "gif", "webp", "svg", "avif", "bmp", "ico"])
def test_other_formats_are_no_finding(vault: Vault, extension: str) -> None:
    """Obsidian lists all of them but one, and that one a browser shows."""
    (vault.root / ".obsidian").mkdir()
    vault.put(f"x.{extension}", make_any(extension))
    vault.put("note.md", f"![[x.{extension}]]".encode())
    assert list_kinds(check(vault.root)) == []


@pytest.mark.parametrize("kind", [kind for kind in NAMED_KINDS if kind != "jxl-bare"])
def test_half_a_picture_of_any_format_is_damaged(vault: Vault, kind: str) -> None:
    """Whole, it is no finding, whatever its compression. Only a bare JPEG XL does not say how long it is."""
    whole, half = f"whole.{NAMED_KINDS[kind]}", f"half.{NAMED_KINDS[kind]}"
    vault.put(whole, make_named_picture(kind))
    vault.put(half, make_named_picture(kind)[:-30])
    vault.put("note.md", f"![]({whole}) ![]({half})".encode())
    assert list_kinds(check(vault.root)) == [("damaged", half)]


def make_any(extension: str) -> bytes:
    """A picture with this extension."""
    kind = extension.removesuffix("f") if extension == "tiff" else extension
    kinds = [each for each, ending in NAMED_KINDS.items() if ending == kind]
    return make_named_picture(kinds[0]) if kinds else make_picture(extension, seed=1)


def test_a_picture_that_is_not_whole_is_that_first(vault: Vault) -> None:
    """One finding for a reference."""
    (vault.root / ".obsidian").mkdir()
    vault.put("x.heic", make_picture("heic", seed=1)[:-20])
    vault.put("note.md", b"![[x.heic]] ![[y.heic]]")
    assert list_kinds(check(vault.root)) == [("damaged", "x.heic"), ("missing", "y.heic")]


def put_image(vault: Vault, folder: str, data: bytes, *, as_if: bytes, age_s: float = TWO_DAYS_S) -> str:
    """An image of a storage directory whose name promises other bytes. Returns its path."""
    return vault.put(f"{folder}/media/{hash_to_content_id(as_if)}.png".lstrip("/"), data, age_s=age_s)


@pytest.mark.parametrize("folder", ["", "Attachments"])
def test_an_edited_image_is_damaged(vault: Vault, folder: str) -> None:
    """Its id says what its bytes are. That needs no catalog, and holds in a folder inside the vault, too."""
    (vault.root / ".git").rmdir()
    vault.put(f"{folder}/SD_ID".lstrip("/"), b"00000000-0000-4000-8000-000000000000\n")
    whole, edited = make_small(1), make_small(2)
    good = put_image(vault, folder, whole, as_if=whole)
    bad = put_image(vault, folder, edited, as_if=make_small(3))
    young = put_image(vault, folder, edited, as_if=make_small(4), age_s=0)
    legacy = vault.put(f"{folder}/media/00000000-0000-4000-8000-000000000001.png".lstrip("/"), edited)
    vault.put("note.md", "".join(f"![]({each})\n" for each in (good, bad, young, legacy)).encode())
    assert list_kinds(check(vault.root)) == [("damaged", bad), ("arriving", young)]
    (finding, _) = check(vault.root).findings
    assert "not those that the name promises" in finding.message


def test_only_a_storage_directory_promises_bytes(vault: Vault) -> None:
    """Other programs use such names as well: 32 hex digits may be anything."""
    path = put_image(vault, "", make_small(1), as_if=b"other")
    vault.put(f"SD_ID/media/{path.rpartition('/')[2]}")
    vault.put("note.md", f"![]({path}) ![](SD_ID/{path})".encode())
    assert list_kinds(check(vault.root)) == []


@pytest.mark.parametrize("name", ["a:b.png", "aux.png", "what?.png", "dir /x.png", 'q".png'])
def test_names_that_other_systems_refuse(vault: Vault, name: str) -> None:
    """Of a picture that is referred to; of the others only if asked."""
    vault.put(f"img/{name}")
    vault.put("unused:1.png")
    vault.put("note.md", f"![[img/{name}]]".encode())
    assert list_kinds(check(vault.root)) == [("bad-name", f"img/{name}")]
    assert len(check(vault.root, options=CheckOptions(names=True)).findings) == 2
