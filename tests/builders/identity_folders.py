"""Roots of storage directories with identity files, on disk."""

from __future__ import annotations

import codecs
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from builders.identities import FRESH
from strandline.folders.identity_files import look_at_identity
from strandline.model.identity.decisions import IdentityDecision
from strandline.model.identity.rules import decide_identity


def lay(root: Path, files: dict[str, str | bytes | None]) -> None:
    """Writes these files to the root; None makes a folder."""
    for name, content in files.items():
        path = root / name
        if content is None:
            path.mkdir(parents=True)
            continue
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def contents(root: Path) -> dict[str, bytes | str]:
    """Every name in the root with its bytes, or its kind."""
    found: dict[str, bytes | str] = {}
    for path in root.iterdir():
        if path.is_symlink():
            found[path.name] = f"link to {path.readlink()}"
        else:
            found[path.name] = path.read_bytes() if path.is_file() else "folder"
    return found


def decide_there(root: Path, *, quiet: bool = True, new_identity: bool = False) -> IdentityDecision:
    """The decision for the folder as it is now."""
    return decide_identity(look_at_identity(root), fresh=FRESH, quiet=quiet, new_identity=new_identity)


ENCODINGS = ("ascii", "idna", "latin-1", "utf-8")
"""If a user may not read Python's own files, one that is first used then stays unknown to this process."""


@contextmanager
def as_somebody_without_rights() -> Iterator[Path]:
    """Runs as a user who is not root, so that permissions matter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid() != 0:
            yield folder
            return
        for encoding in ENCODINGS:
            codecs.lookup(encoding)
        nobody = 65534
        os.chown(folder, nobody, nobody)
        os.seteuid(nobody)
        try:
            yield folder
        finally:
            folder.chmod(0o700)
            os.seteuid(0)
