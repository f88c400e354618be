"""The index of a git work tree, as real git writes it, and as nobody should."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.model.git_index import name_blob, parse_git_index

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

FILES = {
    "a.png": b"one",
    "Deep/er/x y.JPG": b"two",
    "Deep/er/x z.tif": b"",
    "Deep/ü.webp": b"three",
    "z.jxl": b"four",
    "Note.md": b"text",
}
PICTURES = {path: name_blob(data) for path, data in FILES.items() if not path.endswith(".md")}


def run_git(root: Path, *arguments: str) -> str:
    """What git says."""
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def make_work_tree(root: Path, *options: str) -> Path:
    """A work tree with all files in its index."""
    root.mkdir()
    run_git(root, "init", "-q", *options)
    for path, data in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The index of a work tree."""
    root = make_work_tree(tmp_path_factory.mktemp("git") / "tree")
    run_git(root, "add", ".")
    return (root / ".git/index").read_bytes()


@pytest.mark.parametrize("version", [2, 3, 4])
def test_every_version_is_read(tmp_path: Path, version: int) -> None:
    """Of pictures only. In version 3, some entries are longer; in version 4, paths are compressed."""
    root = make_work_tree(tmp_path / "tree")
    if version == 4:
        run_git(root, "update-index", "--index-version", "4")
    run_git(root, "add", ".")
    if version == 3:
        run_git(root, "update-index", "--skip-worktree", "Deep/er/x y.JPG")
    data = (root / ".git/index").read_bytes()
    assert data[4:8] == version.to_bytes(4, "big")
    assert parse_git_index(data) == PICTURES
    assert name_blob(b"one").hex() == run_git(root, "hash-object", "a.png")


def test_an_index_without_a_checksum_is_read(tmp_path: Path) -> None:
    """Large repositories are told to leave it out."""
    root = make_work_tree(tmp_path / "tree")
    run_git(root, "-c", "index.skipHash=true", "add", ".")
    data = (root / ".git/index").read_bytes()
    assert parse_git_index(data[:-20] + bytes(20)) == PICTURES


def test_other_hashes_say_nothing(tmp_path: Path) -> None:
    """A repository with SHA-256 names its files otherwise."""
    root = make_work_tree(tmp_path / "tree", "--object-format=sha256")
    run_git(root, "add", ".")
    assert parse_git_index((root / ".git/index").read_bytes()) == {}


def test_half_an_index_says_nothing(index: bytes) -> None:
    """Wherever it is cut."""
    assert parse_git_index(index) == PICTURES
    for length in range(len(index)):
        assert parse_git_index(index[:length]) == {}


@given(st.binary(max_size=200), st.integers(0, 10_000), st.integers(2, 4))
def test_any_bytes_are_read(noise: bytes, at: int, version: int) -> None:
    """With a good checksum, nothing raises, and every name is as long as it must be."""
    head = b"DIRC" + version.to_bytes(4, "big") + at.to_bytes(4, "big")
    for body in (noise, head + noise, head + bytes(40) + noise):
        for sha1 in parse_git_index(body + hashlib.sha1(body).digest()).values():
            assert len(sha1) == 20


def test_a_large_index_is_read_soon() -> None:
    """A hundred thousand pictures, and a claim of four billion."""
    entries = b"".join(
        (bytes(40) + number.to_bytes(20, "big") + b"\0\x0a" + b"%06d.png" % number).ljust(80, b"\0")
        for number in range(100_000)
    )
    body = b"DIRC\0\0\0\2" + (100_000).to_bytes(4, "big") + entries
    began = time.monotonic()
    assert len(parse_git_index(body + bytes(20))) == 100_000
    assert parse_git_index(b"DIRC\0\0\0\2\xff\xff\xff\xff" + entries + bytes(20)) == {}
    assert time.monotonic() - began < 10
