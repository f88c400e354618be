"""The thumbnail cache: returns what was stored, never anything else, and stays within its limit."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.pictures import make_picture
from strandline.errors import UndecodablePictureError
from strandline.pictures.cache import ThumbnailCache
from strandline.pictures.decoding import Thumbnail, make_thumbnail

SHA256 = hashlib.sha256(b"a picture").hexdigest()
THUMBNAIL = Thumbnail(b"pixels" * 20, "image/webp", 40, 30)

thumbnails = st.builds(
    Thumbnail,
    st.binary(max_size=300),
    st.sampled_from(["image/webp", "image/jpeg"]),
    st.integers(1, 16_383),
    st.integers(1, 16_383),
)


@pytest.fixture
def cache(tmp_path: Path) -> ThumbnailCache:
    return ThumbnailCache(tmp_path / "thumbnails")


def list_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@given(thumbnails, st.integers(1, 16_383))
def test_what_was_put_is_found(
    tmp_path_factory: pytest.TempPathFactory, thumbnail: Thumbnail, size: int
) -> None:
    """The same bytes, type, width, and height, also by another process (here another object)."""
    folder = tmp_path_factory.mktemp("cache")
    ThumbnailCache(folder).put(SHA256, size, thumbnail)
    assert ThumbnailCache(folder).find(SHA256, size) == thumbnail


def test_each_size_and_each_content_is_another_entry(cache: ThumbnailCache) -> None:
    """A lookup with other bytes or another size finds nothing."""
    cache.put(SHA256, 400, THUMBNAIL)
    assert cache.find(SHA256, 400) == THUMBNAIL
    assert cache.find(SHA256, 401) is None
    assert cache.find(SHA256, 40) is None
    assert cache.find(hashlib.sha256(b"other bytes").hexdigest(), 400) is None


def test_an_empty_cache_makes_no_folder(cache: ThumbnailCache, tmp_path: Path) -> None:
    """A lookup changes nothing on the disk."""
    assert cache.find(SHA256, 400) is None
    assert list(tmp_path.iterdir()) == []


@given(st.data())
def test_a_damaged_entry_is_none_and_is_made_anew(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """An entry that is cut, zeroed, or changed, as after a power loss, is not found. Storing it again repairs it."""
    folder = tmp_path_factory.mktemp("cache")
    cache = ThumbnailCache(folder)
    cache.put(SHA256, 400, THUMBNAIL)
    (path,) = list_files(folder)
    entry = path.read_bytes()
    at = data.draw(st.integers(0, len(entry) - 1))
    damaged = data.draw(
        st.sampled_from(
            [
                entry[:at],
                entry[:at] + bytes(len(entry) - at),
                entry[:at] + bytes([entry[at] ^ 1]) + entry[at + 1 :],
            ]
        )
    )
    path.write_bytes(damaged)
    assert cache.find(SHA256, 400) == (THUMBNAIL if damaged == entry else None)
    cache.put(SHA256, 400, THUMBNAIL)
    assert cache.find(SHA256, 400) == THUMBNAIL


def sha256_in_one_folder(number: int) -> str:
    """Hashes that begin alike: their entries share a folder, and with it a 256th of the limit."""
    return "ab" + hashlib.sha256(str(number).encode()).hexdigest()[2:]


def test_the_oldest_make_room(tmp_path: Path) -> None:
    """Above the limit, the least recently used entries are evicted, and no others."""
    entry_bytes = len(THUMBNAIL.data) + 9
    cache = ThumbnailCache(tmp_path, max_bytes=256 * 5 * entry_bytes)
    hashes = [sha256_in_one_folder(number) for number in range(8)]
    now = time.time()
    for age, sha256 in enumerate(reversed(hashes[:7])):
        cache.put(sha256, 400, THUMBNAIL)
        os.utime(tmp_path / "ab" / f"{sha256}-400-v1", (now - 9000 + 60 * age, now - 9000 + 60 * age))
    cache.put(hashes[7], 400, THUMBNAIL)
    kept = [number for number, sha256 in enumerate(hashes) if cache.find(sha256, 400)]
    assert kept == [0, 1, 2, 3, 7]
    assert sum(path.stat().st_size for path in list_files(tmp_path)) <= 5 * entry_bytes


def test_a_use_renews_an_old_entry(tmp_path: Path) -> None:
    """A used entry stays, and a lookup writes at most once a day."""
    cache = ThumbnailCache(tmp_path)
    cache.put(SHA256, 400, THUMBNAIL)
    (path,) = list_files(tmp_path)
    two_days_ago, an_hour_ago = time.time() - 48 * 3600, time.time() - 3600
    os.utime(path, (two_days_ago, two_days_ago))
    assert cache.find(SHA256, 400)
    assert path.stat().st_mtime > an_hour_ago
    os.utime(path, (an_hour_ago, an_hour_ago))
    assert cache.find(SHA256, 400)
    assert path.stat().st_mtime == pytest.approx(an_hour_ago)


@pytest.mark.parametrize("max_bytes", [0, 256 * 100])
def test_what_does_not_fit_is_not_kept(tmp_path: Path, max_bytes: int) -> None:
    """A limit of 0 stores nothing. One huge entry never evicts all others."""
    cache = ThumbnailCache(tmp_path, max_bytes=max_bytes)
    cache.put(SHA256, 400, THUMBNAIL)
    assert cache.find(SHA256, 400) is None
    assert list_files(tmp_path) == []


def test_leftovers_of_a_crash_go_away(tmp_path: Path) -> None:
    """A temporary file of a dead process is removed; one of a running process is not."""
    cache = ThumbnailCache(tmp_path)
    folder = tmp_path / SHA256[:2]
    folder.mkdir()
    old, young = folder / ".0123456789abcdef.tmp", folder / ".fedcba9876543210.tmp"
    for path in (old, young):
        path.write_bytes(b"half an entry")
    os.utime(old, (1, 1))
    cache.put(SHA256, 400, THUMBNAIL)
    assert not old.exists()
    assert young.exists()


def test_a_cache_without_a_disk_is_an_empty_one(tmp_path: Path) -> None:
    """If nothing can be written or read, thumbnails are made each time, without an error."""
    (tmp_path / "file").write_text("in the way")
    cache = ThumbnailCache(tmp_path / "file" / "thumbnails")
    cache.put(SHA256, 400, THUMBNAIL)
    assert cache.find(SHA256, 400) is None
    (tmp_path / SHA256[:2]).write_text("in the way, too")
    ThumbnailCache(tmp_path).put(SHA256, 400, THUMBNAIL)
    assert ThumbnailCache(tmp_path).find(SHA256, 400) is None


@pytest.mark.parametrize("sha256", ["", "ab", SHA256.upper(), "../" + SHA256[3:], SHA256 + "\n", "z" * 64])
def test_only_hashes_become_names(cache: ThumbnailCache, sha256: str) -> None:
    """Text that is no hash never becomes a path."""
    with pytest.raises(ValueError, match="not a SHA-256"):
        cache.find(sha256, 400)


HAMMER = """
import sys
from pathlib import Path
from strandline.pictures.cache import ThumbnailCache
from strandline.pictures.decoding import Thumbnail
cache = ThumbnailCache(Path(sys.argv[1]), max_bytes=256 * 2000)
for turn in range(150):
    number = turn % 10
    expected = Thumbnail(bytes([number]) * 300, "image/webp", number + 1, 1)
    found = cache.find(f"{number:064x}", 400)
    assert found is None or found == expected, found
    cache.put(f"{number:064x}", 400, expected)
"""


def test_two_processes_share_it_unharmed(tmp_path: Path) -> None:
    """While both write, find, and evict the same entries, each finds a correct one or none, and none fails."""
    processes = [subprocess.Popen([sys.executable, "-c", HAMMER, str(tmp_path)]) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert not list(tmp_path.rglob("*.tmp"))


def test_threads_share_it_unharmed(tmp_path: Path) -> None:
    """The same for threads."""
    cache = ThumbnailCache(tmp_path, max_bytes=256 * 1000)

    def use(number: int) -> bool:
        cache.put(sha256_in_one_folder(number % 10), 400, THUMBNAIL)
        return cache.find(sha256_in_one_folder(number % 7), 400) in (None, THUMBNAIL)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(use, range(200)))


def test_a_half_arrived_picture_is_never_cached(cache: ThumbnailCache, tmp_path: Path) -> None:
    """Half a picture raises before there is anything to store. The whole picture is cached."""
    data = make_picture("jpg")

    def show(arrived: bytes) -> Thumbnail:
        sha256 = hashlib.sha256(arrived).hexdigest()
        thumbnail = cache.find(sha256, 32)
        if thumbnail is None:
            thumbnail = make_thumbnail(arrived, "image/jpeg", size=32)
            cache.put(sha256, 32, thumbnail)
        return thumbnail

    for half in (data[: len(data) // 2], data[:-2]):
        with pytest.raises(UndecodablePictureError):
            show(half)
    assert list_files(tmp_path) == []
    assert show(data) == show(data)
    assert len(list_files(tmp_path)) == 1
