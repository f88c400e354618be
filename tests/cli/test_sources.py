"""What ``save`` accepts: files, folders of pictures, stdin, and data: URLs."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.pictures import make_picture
from strandline.cli.sources import (
    Source,
    Unusable,
    iter_sources,
    parse_data_url,
)
from strandline.errors import InvalidDataUrlError

PNG = make_picture("png")


def list_names(folder: Path) -> list[str]:
    """Paths (below the folder) that ``save -r`` would save."""
    sources = list(iter_sources([str(folder)], recursive=True))
    return [Path(source.shown).relative_to(folder).as_posix() for source in sources]


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
    assert list_names(tmp_path) == ["a without extension", "b.png", "deep/er/c.jpg"]


def test_what_is_not_the_users_is_passed_over(tmp_path: Path) -> None:
    """Hidden files and folders, sync clients' litter and temporaries, links, FIFOs, and saved images are skipped."""
    put(tmp_path / "mine.png")
    for name in (".hidden.png", ".git/x.png", "@eaDir/x.png", "x.png.partial", ".syncthing.x.png.tmp"):
        put(tmp_path / name)
    put(tmp_path / "Notes/SD_ID", b"6f1b2c3d-0000-4000-8000-000000000001\n")
    put(tmp_path / "Notes/media/0123456789abcdef0123456789abcdef.png")
    put(tmp_path / "Notes/attached.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "mine.png")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "fifo.png")
    assert list_names(tmp_path) == ["mine.png", "Notes/attached.png"]


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
