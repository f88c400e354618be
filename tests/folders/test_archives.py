"""ZIP archives as they come: broken, cut short, from other systems, and made to do harm."""

from __future__ import annotations

import io
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.pictures import make_picture
from strandline.errors import RefusedError, StrandlineError, UnreadableFileError, WrongBytesError
from strandline.folders import archives
from strandline.folders.archives import Archive, open_archive

PNG = make_picture("png")


def make_zip(**entries: bytes) -> bytes:
    """An archive with compressed entries."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return target.getvalue()


def read_all(data: bytes) -> dict[str, bytes]:
    """The bytes of all entries."""
    with Archive(io.BytesIO(data), "t.zip") as archive:
        return {entry.name: b"".join(archive.iter_bytes(entry, 1000)) for entry in archive.entries}


def test_entries_are_read(tmp_path: Path) -> None:
    """All of them, in order, with their sizes."""
    path = tmp_path / "t.zip"
    path.write_bytes(make_zip(**{"a/b.png": PNG, "c.txt": b"x" * 5000}))
    with open_archive(str(path)) as archive:
        sizes = {entry.name: entry.size_bytes for entry in archive.entries}
        assert sizes == {"a/b.png": len(PNG), "c.txt": 5000}
        assert b"".join(archive.iter_bytes(archive.entries[0], 1000)) == PNG
        assert archive.size_bytes == path.stat().st_size


def test_times_are_utc_if_the_archive_says_so() -> None:
    """The old field has the local time, in steps of two seconds."""
    target = io.BytesIO()
    at = datetime(2019, 7, 14, 12, 30, 15, tzinfo=UTC)
    with zipfile.ZipFile(target, "w") as archive:
        for name, extra in (
            ("exact.png", struct.pack("<HHBi", 0x5455, 5, 1, int(at.timestamp()))),
            ("old.png", b""),
        ):
            info = zipfile.ZipInfo(name, at.astimezone().timetuple()[:6])
            info.extra = extra
            archive.writestr(info, PNG)
        never = zipfile.ZipInfo("never.png")
        archive.writestr(never, PNG)
    data = bytearray(target.getvalue())
    where = data.rfind(b"PK\x01\x02")
    data[where + 12 : where + 16] = b"\0\0\0\0"
    with Archive(io.BytesIO(bytes(data)), "t.zip") as archive_read:
        exact, old, never_read = (archive_read.find_time(entry) for entry in archive_read.entries)
    assert exact == at
    assert old is not None
    assert abs((old - at).total_seconds()) < 2
    assert never_read is None


@given(st.integers(0, len(make_zip(a=PNG))), st.integers(0, 255), st.booleans())
def test_a_broken_archive_is_an_error_of_ours(at: int, value: int, is_cut: bool) -> None:
    """Wherever it is cut or changed: it is read, or refused with a message. Never other bytes than were packed."""
    data = bytearray(make_zip(a=PNG))
    if is_cut:
        del data[at:]
    elif at < len(data):
        data[at] = value
    try:
        found = read_all(bytes(data))
    except StrandlineError:
        return
    assert all(content in (PNG, b"") for content in found.values())


def test_what_is_encrypted_cannot_be_read() -> None:
    """Its entry says so."""
    data = bytearray(make_zip(a=PNG))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + at] |= 1
    with Archive(io.BytesIO(bytes(data)), "t.zip") as archive:
        assert archive.entries[0].flags & 1
        with pytest.raises(RefusedError, match="cannot be unpacked here"):
            list(archive.iter_bytes(archive.entries[0], 1000))


@pytest.mark.parametrize("is_large", [False, True], ids=["old", "Zip64"])
def test_a_huge_list_is_not_read_into_memory(monkeypatch: pytest.MonkeyPatch, is_large: bool) -> None:
    """The record at the end says how large it is."""
    if is_large:
        monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 0)
    data = make_zip(**{f"{number}.png": b"" for number in range(100)})
    assert (b"PK\x06\x07" in data) is is_large
    assert len(read_all(data)) == 100
    monkeypatch.setattr(archives, "MOST_LIST_BYTES", 1000)
    with pytest.raises(RefusedError, match="list of entries"):
        read_all(data)


def test_what_is_not_there_says_so(tmp_path: Path) -> None:
    """And what is none."""
    with pytest.raises(UnreadableFileError):
        open_archive(str(tmp_path / "none.zip"))
    (tmp_path / "t.zip").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(WrongBytesError, match="broken"):
        open_archive(str(tmp_path / "t.zip"))
