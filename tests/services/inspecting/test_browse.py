"""Browsing: the content of a storage directory. No path leads out of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builders.identities import A
from builders.identity_folders import as_somebody_without_rights
from builders.pictures import make_picture
from builders.snapshots import snapshot
from builders.storage import id_of, make_storage_dir, name_of, open_bench, put_half, put_image
from strandline.errors import (
    DiskError,
    EntryNotFoundError,
    InvalidInputError,
    InvalidPathError,
    StorageDirOfflineError,
    StrandlineError,
    UnreadableFileError,
)
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_status import MAX_HEX_BYTES
from strandline.services.inspecting.browse import describe_file, iter_tree, list_tree, read_hex
from strandline.services.proving.prove import prove_file
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.workbench import Workbench

DATA = make_picture("png")
SECRET = b"not for you"


@pytest.fixture
def bench(home: Path) -> Iterator[Workbench]:
    """A workbench with a clock of its own."""
    with open_bench(home) as bench:
        yield bench


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A storage directory with everything that a hostile machine could put into it."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(SECRET)
    root = make_storage_dir(tmp_path / "Notes", DATA, sd_id=A)
    (root / "deep" / "er").mkdir(parents=True)
    (root / "deep" / "er" / "file.bin").write_bytes(bytes(range(256)))
    (root / "linked").symlink_to(tmp_path / "outside")
    (root / "deep" / "link").symlink_to(tmp_path / "outside" / "secret")
    os.mkfifo(root / "media" / "pipe")
    (root / "SD_ID (1)").write_text("x")
    (root / "media" / f".{name_of(DATA)}.icloud").write_text("x")
    return root


@pytest.fixture
def sd(bench: Workbench, root: Path) -> StorageDir:
    """The storage directory, added."""
    return add_storage_dir(bench, root).sd


def test_the_tree_says_which_images_are_whole(bench: Workbench, root: Path, sd: StorageDir) -> None:
    """As far as the catalog knows."""
    picture = make_picture("jpg", seed=5)
    names = [put_image(root, picture), put_image(root, picture[:-500])]
    assert {entry.whole for entry in iter_tree(bench, sd)} == {None}
    for name in names:
        prove_file(bench, sd, name)
    tree = {entry.path: entry.whole for entry in iter_tree(bench, sd)}
    assert [tree[f"media/{name}"] for name in names] == [True, False]


def test_the_tree_says_what_each_name_means(bench: Workbench, root: Path, sd: StorageDir) -> None:
    """Root and media folder are listed. Other folders are not entered, links not followed, and nothing is changed."""
    half = put_half(root, make_picture("jpg"))
    prove_file(bench, sd, half)
    before = snapshot(root)
    tree = {entry.path: entry for entry in iter_tree(bench, sd)}
    assert snapshot(root) == before
    told = {path: (entry.kind, entry.meaning) for path, entry in tree.items()}
    assert told == {
        "SD_ID": ("file", "identity: plain"),
        "SD_ID (1)": ("file", "identity: copy"),
        "deep": ("folder", "other"),
        "linked": ("symlink", "other"),
        "media": ("folder", "media folder"),
        f"media/{name_of(DATA)}": ("file", "image"),
        f"media/{half}": ("file", "image"),
        f"media/.{name_of(DATA)}.icloud": ("file", "placeholder"),
        "media/pipe": ("special", "stray"),
    }
    assert list(tree) == sorted(tree)
    states = {path: entry.state.value for path, entry in tree.items() if entry.state is not None}
    assert states == {f"media/{name_of(DATA)}": "present", f"media/{half}": "arriving"}
    assert tree[f"media/{name_of(DATA)}"].size_bytes == len(DATA)
    assert tree["linked"].size_bytes is None
    assert json.dumps([entry.to_json() for entry in tree.values()])


def test_a_linked_media_folder_is_not_entered(bench: Workbench, root: Path, sd: StorageDir) -> None:
    """It is listed as a link."""
    shutil.rmtree(root / "media")
    (root / "media").symlink_to(root.parent / "outside")
    tree = {entry.path: entry.kind for entry in iter_tree(bench, sd)}
    assert tree["media"] == "symlink"
    assert not any("secret" in path for path in tree)


def test_the_facts_of_an_image(bench: Workbench, sd: StorageDir) -> None:
    """From its name, the disk, the first bytes, and the catalog."""
    name = name_of(DATA)
    facts = describe_file(bench, sd, f"media/{name}")
    assert json.dumps(facts)
    expected = {"kind": "file", "meaning": "image", "size_bytes": len(DATA), "media_type": "image/png"}
    assert facts.items() >= (expected | {"image_id": id_of(DATA), "state": "present", "proof": None}).items()
    prove_file(bench, sd, name)
    proven = describe_file(bench, sd, f"media/{name}")
    assert proven["proof"] == "hash"
    assert str(proven["sha256"]).startswith(id_of(DATA))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("SD_ID", {"kind": "file", "meaning": "identity: plain", "media_type": None, "state": None}),
        ("deep", {"kind": "folder", "meaning": "other", "path": "deep"}),
        ("./deep//er/", {"kind": "folder", "path": "deep/er"}),
        ("linked", {"kind": "symlink", "meaning": "other"}),
        ("deep/link", {"kind": "symlink", "media_type": None}),
        ("media/pipe", {"kind": "special", "media_type": None}),
    ],
)
def test_the_facts_of_anything_else(
    bench: Workbench, sd: StorageDir, path: str, expected: dict[str, object]
) -> None:
    """Nothing is followed, blocks, or is read beyond its first bytes."""
    facts = describe_file(bench, sd, path)
    assert json.dumps(facts)
    assert facts.items() >= expected.items()


def test_a_time_that_no_calendar_has(bench: Workbench, root: Path, sd: StorageDir) -> None:
    """Other machines set any mtime. A file from before the year 1 is shown without a time."""
    os.utime(root / "SD_ID", (-(2**33), -(2**33)))
    facts = describe_file(bench, sd, "SD_ID")
    assert facts["mtime"] is None or str(facts["mtime"]) < "1970"


LEADS_OUT = [
    "", "/", "//", "///", "..", "../outside/secret", "deep/../../outside/secret", "deep/er/../..", "a\0b",
    "/etc/passwd", "//etc/passwd", "///etc/passwd", "linked/secret", "deep/link/x", "SD_ID/x", "x/" * 5000,
    "media/\ud800",
]  # fmt: skip


@pytest.mark.parametrize("path", LEADS_OUT, ids=lambda path: repr(path[:30]))
def test_no_path_leads_out(bench: Workbench, sd: StorageDir, path: str) -> None:
    """Neither up, nor absolute, nor through a link or a file. The error says so and is short."""
    with pytest.raises(InvalidPathError) as caught:
        describe_file(bench, sd, path)
    with pytest.raises(InvalidPathError):
        read_hex(bench, sd, path)
    assert len(caught.value.message) < 300 + len(sd.path)


PARTS = st.sampled_from(["/", "..", ".", "linked", "secret", "outside", "deep", "link", "\\", "C:"])


def test_no_combination_of_parts_reads_what_lies_outside(bench: Workbench, sd: StorageDir) -> None:
    """Law: whatever the path, the secret beside the storage directory is never returned."""

    @given(st.lists(PARTS, max_size=8), st.sampled_from(["/", ""]))
    @example(["..", "outside", "secret"], "/")
    @example([".", "linked", "secret"], "/")
    @example(["deep", ".", "link"], "/")
    @example(["deep", "..", "..", "outside", "secret"], "/")
    def check(parts: list[str], separator: str) -> None:
        try:
            page = read_hex(bench, sd, separator.join(parts))
        except StrandlineError:
            return
        assert SECRET not in page.data

    check()


@pytest.mark.parametrize("path", ["nothing", "media/nothing.png", "deep/no", "x" * 300])
def test_what_is_not_there(bench: Workbench, sd: StorageDir, path: str) -> None:
    """A name that does not exist, or cannot exist."""
    with pytest.raises(EntryNotFoundError):
        describe_file(bench, sd, path)
    with pytest.raises(EntryNotFoundError):
        read_hex(bench, sd, path)


@pytest.mark.parametrize("path", ["linked", "deep/link", "media/pipe", "media", "deep"])
def test_only_regular_files_are_read(bench: Workbench, sd: StorageDir, path: str) -> None:
    """A link is not followed, a FIFO does not block, and a folder has no bytes."""
    with pytest.raises(InvalidPathError, match="only files have bytes"):
        read_hex(bench, sd, path)


@pytest.mark.parametrize(
    ("offset", "length", "data"),
    [
        (0, 4096, bytes(range(256))),
        (0, 1, b"\0"),
        (16, 16, bytes(range(16, 32))),
        (250, 100, bytes(range(250, 256))),
        (255, 1, b"\xff"),
        (256, 1, b""),
        (2**62, MAX_HEX_BYTES, b""),
        (2**100, 1, b""),
    ],
)
def test_pages_of_bytes(bench: Workbench, sd: StorageDir, offset: int, length: int, data: bytes) -> None:
    """From the offset, at most the length, empty beyond the end; with the size of the whole file."""
    page = read_hex(bench, sd, "deep/er/file.bin", offset=offset, length=length)
    assert (page.data, page.offset, page.size_bytes, page.path) == (data, offset, 256, "deep/er/file.bin")


def test_hex_lines(bench: Workbench, sd: StorageDir) -> None:
    """Offset, bytes, and their printable characters, as in every hex viewer."""
    page = read_hex(bench, sd, "deep/er/file.bin", offset=0x3E, length=18)
    assert page.list_lines() == [
        "0000003e  3e 3f 40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d  |>?@ABCDEFGHIJKLM|",
        "0000004e  4e 4f                                            |NO|",
    ]
    assert page.to_json()["hex"] == page.data.hex()


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, 0), (0, -5), (0, MAX_HEX_BYTES + 1)])
def test_pages_that_cannot_be(bench: Workbench, sd: StorageDir, offset: int, length: int) -> None:
    """Offsets before the file, and pages of zero or too many bytes, are refused."""
    with pytest.raises(InvalidInputError):
        read_hex(bench, sd, "SD_ID", offset=offset, length=length)


def test_a_folder_that_is_away_cannot_be_browsed(bench: Workbench, root: Path, sd: StorageDir) -> None:
    """An offline folder is reported as such. A folder whose identity has not arrived can be browsed."""
    root.rename(root.with_name("away"))
    with pytest.raises(StorageDirOfflineError):
        list_tree(bench, sd)
    with pytest.raises(StorageDirOfflineError):
        describe_file(bench, sd, "SD_ID")
    with pytest.raises(StorageDirOfflineError):
        read_hex(bench, sd, "SD_ID")
    root.with_name("away").rename(root)
    (root / "SD_ID").write_text(A[:5])
    assert "SD_ID" in {entry.path for entry in iter_tree(bench, sd)}
    assert read_hex(bench, sd, "SD_ID").data == A[:5].encode()


def test_what_this_user_may_not_read_is_an_error_of_the_disk() -> None:
    """A closed folder is not an empty one, and a closed file is not a missing one."""
    with as_somebody_without_rights() as folder, open_bench(folder / "home") as bench:
        root = make_storage_dir(folder / "Notes", DATA)
        sd = add_storage_dir(bench, root).sd
        (root / "media" / name_of(DATA)).chmod(0)
        with pytest.raises(UnreadableFileError):
            read_hex(bench, sd, f"media/{name_of(DATA)}")
        (root / "media").chmod(0)
        with pytest.raises(DiskError):
            list_tree(bench, sd)
        with pytest.raises(UnreadableFileError):
            describe_file(bench, sd, f"media/{name_of(DATA)}")
        (root / "media").chmod(0o700)
