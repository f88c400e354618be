"""What ``save`` accepts: files, folders of pictures, stdin, and data: URLs."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.command_home import CommandHome
from builders.identity_folders import as_somebody_without_rights
from builders.named_pictures import make_named_picture
from builders.pictures import make_picture
from builders.program import run
from strandline.cli.sources import (
    Source,
    Unusable,
    iter_sources,
)
from strandline.errors import InvalidDataUrlError
from strandline.model.data_urls import parse_data_url
from strandline.model.layout import ID_LAYOUT, NAMED_LAYOUT, Layout
from strandline.model.left_out import LeftOut, Reason, say_left_out

PNG = make_picture("png")


def list_names(folder: Path) -> list[str]:
    """Paths (below the folder) that ``save -r`` would save."""
    found = iter_sources([str(folder)], recursive=True)
    shown = [source.shown for source in found if not isinstance(source, LeftOut)]
    return [Path(each).relative_to(folder).as_posix() for each in shown]


def list_left_out(folder: Path) -> dict[str, str]:
    """From path (below the folder) to the reason why ``save -r`` leaves it out."""
    found = iter_sources([str(folder)], recursive=True)
    return {
        Path(each.path).relative_to(folder).as_posix(): each.reason.value
        for each in found
        if isinstance(each, LeftOut)
    }


def put(path: Path, data: bytes = PNG) -> None:
    """Writes a file and its parent folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def test_pictures_in_a_folder_are_told_by_their_bytes(tmp_path: Path) -> None:
    """Their names do not matter. Other files are skipped. The order is that of the names."""
    put(tmp_path / "b.png")
    put(tmp_path / "a without extension")
    put(tmp_path / "deep/er/c.jpg", make_picture("jpg"))
    put(tmp_path / "notes.md", b"# no picture")
    put(tmp_path / "lying.png", b"no picture either")
    put(tmp_path / "nothing.png", b"")
    put(tmp_path / "empty note.md", b"")
    assert list_names(tmp_path) == ["a without extension", "b.png", "deep/er/c.jpg"]
    assert list_left_out(tmp_path) == {
        "notes.md": "unsupported", "lying.png": "unsupported", "nothing.png": "empty", "empty note.md": "unsupported",
    }  # fmt: skip


def test_the_target_decides_which_types_are_saved(tmp_path: Path) -> None:
    """A folder by id keeps fewer. A raw photograph is not saved as the TIFF that its bytes look like."""
    kinds = {"scan": "tiff", "icon": "ico", "paint.bmp": "bmp", "x.jxl": "jxl", "IMG_1.dng": "tiff"}
    for name, kind in kinds.items():
        put(tmp_path / name, make_named_picture(kind))
    put(tmp_path / "nothing.tif", b"")

    def list_reasons(layout: Layout) -> dict[str, str | None]:
        return {
            Path(each.path if isinstance(each, LeftOut) else each.shown).name:
                each.reason.value if isinstance(each, LeftOut) else None
            for each in iter_sources([str(tmp_path)], recursive=True, layout=layout)
        }  # fmt: skip

    by_id = list_reasons(ID_LAYOUT)
    assert by_id.pop(tmp_path.name) is None  # nothing can be saved
    assert by_id == dict.fromkeys([*kinds, "nothing.tif"], "unsupported-picture")
    assert list_reasons(NAMED_LAYOUT) == dict.fromkeys(kinds) | {
        "IMG_1.dng": "unsupported-picture", "nothing.tif": "empty",
    }  # fmt: skip


def test_what_is_not_the_users_is_passed_over(tmp_path: Path) -> None:
    """Hidden files and folders, sync clients' litter and temporaries, links, FIFOs, and saved images are skipped."""
    put(tmp_path / "mine.png")
    for name in (
        ".hidden.png",
        ".git/x.png",
        ".obsidian/x.png",
        "@eaDir/x.png",
        "x.png.partial",
        ".syncthing.x.png.tmp",
    ):
        put(tmp_path / name)
    put(tmp_path / "Notes/SD_ID", b"6f1b2c3d-0000-4000-8000-000000000001\n")
    put(tmp_path / "Notes/media/0123456789abcdef0123456789abcdef.png")
    put(tmp_path / "Notes/attached.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "mine.png")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "fifo.png")
    assert list_names(tmp_path) == ["mine.png", "Notes/attached.png"]
    assert list_left_out(tmp_path) == {
        ".hidden.png": "hidden", ".git": "litter", ".obsidian": "hidden", "@eaDir": "litter",
        "x.png.partial": "temporary", ".syncthing.x.png.tmp": "temporary",
        "Notes/media": "media-folder",
        "link.png": "link", "loop": "link", "fifo.png": "special-file",
    }  # fmt: skip


def test_a_storage_directory_without_other_pictures_says_where_its_pictures_are(tmp_path: Path) -> None:
    """A person who wants to save them under other names learns which folder to give."""
    put(tmp_path / "SD_ID", b"6f1b2c3d-0000-4000-8000-000000000001\n")
    put(tmp_path / "media/holiday.png")
    *_, nothing = iter_sources([str(tmp_path)], recursive=True)
    assert isinstance(nothing, Unusable)
    assert f"no pictures outside {tmp_path}/media" in nothing.error.message
    assert list_names(tmp_path / "media") == ["holiday.png"]


def test_what_is_left_out_is_told_in_a_line_for_each_reason() -> None:
    """How many and why, with some names, quoted; what could be a picture comes first. Notes are only counted."""
    notes = [LeftOut(f"a/{number}.md", Reason.UNSUPPORTED) for number in range(1000)]
    tiffs = [LeftOut(f"a/{number} a, b.tiff", Reason.UNSUPPORTED_PICTURE) for number in range(7)]
    lines = say_left_out([LeftOut("a/.git", Reason.HIDDEN), LeftOut("a/x.png", Reason.EMPTY), *notes, *tiffs])
    assert lines == [
        "7 left out, pictures of types that cannot be kept: '0 a, b.tiff', '1 a, b.tiff', '2 a, b.tiff', "
        "'3 a, b.tiff', '4 a, b.tiff' and 2 more (--json lists all)",
        "1 left out, empty: x.png",
        "1 left out, hidden: .git",
        "1,000 left out, not pictures",
    ]


def test_a_folder_is_saved_only_when_asked(tmp_path: Path) -> None:
    """Without -r there is an error that says so. A folder without pictures is an error, too."""
    (without_r,) = iter_sources([str(tmp_path)], recursive=False)
    (empty,) = iter_sources([str(tmp_path)], recursive=True)
    assert isinstance(without_r, Unusable)
    assert without_r.error.code == "invalid-path"
    assert "-r" in without_r.error.message
    assert isinstance(empty, Unusable)
    assert empty.error.code == "source-not-found"


def test_arguments_keep_their_order(tmp_path: Path) -> None:
    """They are saved in the given order. Saving reports missing files."""
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    first, second = iter_sources([str(tmp_path / "gone.png"), url], recursive=False)
    assert isinstance(first, Source)
    assert first.data == tmp_path / "gone.png"
    assert isinstance(second, Source)
    assert second.data == PNG
    assert len(second.shown) <= 60


@given(st.binary())
def test_data_urls_carry_any_bytes(data: bytes) -> None:
    """Base64 with or without padding, also in the URL alphabet, or percent-encoding."""
    standard = base64.b64encode(data).decode()
    urls = [
        f"data:image/png;base64,{standard}",
        f"data:;base64,{standard.rstrip('=')}",
        f"DATA:image/png;BASE64,{base64.urlsafe_b64encode(data).decode()}",
        f"data:image/png;base64,{quote_from_bytes(standard.encode())}",
        f"data:image/svg+xml,{quote_from_bytes(data)}",
    ]
    assert [parse_data_url(url) for url in urls] == [data] * len(urls)


@pytest.mark.parametrize(
    "url", ["data:image/png;base64", "data:;base64,a", "data:;base64,äöü=", "data:;base64,a*b="]
)
def test_broken_data_urls_are_refused(url: str) -> None:
    """A URL that was cut or mangled never gives half an image."""
    with pytest.raises(InvalidDataUrlError):
        parse_data_url(url)


def test_what_cannot_be_read_does_not_stop_the_rest(made: CommandHome, tmp_path: Path) -> None:
    """Each file that cannot be read is told with its own reason and code. The others are saved."""
    assert run("sd", "add", made.make_storage_dir()).status == 0
    (tmp_path / "first.gif").write_bytes(make_picture("gif"))
    assert run("save", tmp_path / "first.gif").status == 0  # as root, who can import what this needs
    with as_somebody_without_rights() as folder:
        home, notes = f"--home={folder / 'home'}", folder / "Notes"
        notes.mkdir()
        assert run("sd", "add", notes, home).status == 0
        for name in ("good.png", "locked.png"):
            (folder / name).write_bytes(make_picture("png"))
        (folder / "locked.png").chmod(0)
        (folder / "link.png").symlink_to("nowhere.png")
        files: list[str | Path] = ["", *(folder / name for name in ("locked.png", "link.png", "good.png"))]
        saved = run("save", *files, "--json", home)
        assert saved.status == 1
        assert len(saved.json["saved"]) == 1
        assert [failed["code"] for failed in saved.json["failed"]] == [
            "invalid-path", "unreadable-file", "source-not-found",
        ]  # fmt: skip
        assert "the path is empty; give a file, or - for stdin" in saved.stderr
        assert "link.png is a link to a file that is not there" in saved.stderr
        assert run("save", folder / "locked.png", home).status == 8
