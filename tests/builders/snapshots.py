"""A snapshot of a folder, down to the inode, to check that nothing in it was touched."""

from __future__ import annotations

from pathlib import Path


def snapshot(root: Path) -> dict[str, object]:
    """Every path below the root with mode, inode, size, mtime, and ctime, and with its bytes or link target."""
    return {str(path.relative_to(root)): _describe(path) for path in (root, *sorted(root.rglob("*")))}


def _describe(path: Path) -> object:
    seen = path.lstat()
    content: object = None
    if path.is_symlink():
        content = path.readlink()
    elif path.is_file():
        content = path.read_bytes()
    return seen.st_mode, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, content
