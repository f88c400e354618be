"""The secrets of an installation: the token, which allows everything, and the image key, which shows images.

Each is a line in a file in the home that only its owner can read. The first process that needs them creates them, and
they stay until a person replaces them.
"""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

from strandline.errors import ConfigError
from strandline.folders.disk_errors import disk_errors
from strandline.runtime.home import give_to_owner

TOKEN_FILE = "web-token"
IMAGE_KEY_FILE = "image-key"
LOCAL_IMAGE_KEY_FILE = "image-key-local"
"""Of this machine's own folders beside a shared catalog: all servers of that know the other one."""

SECRET_BYTES = 24
"""192 bits: 32 letters that need no escaping in a URL."""

_SECRET = re.compile(r"[A-Za-z0-9_-]{16,200}")


def ensure_secret(path: Path) -> str:
    """The secret in the file. If there is no file, makes one.

    Raises:
        ConfigError: The file contains something else.
        DiskError: It cannot be read or created.
    """
    with suppress(FileNotFoundError), disk_errors("read the secret in", path, FileNotFoundError):
        return _read(path)
    with disk_errors("write a new secret to", path):
        _make(path)
    with disk_errors("read the secret in", path):
        return _read(path)


def rotate_secret(path: Path) -> str:
    """Replaces the secret in the file by a new one, in one step. Running servers notice within a second.

    Raises:
        DiskError: It cannot be written.
    """
    with disk_errors("write a new secret to", path):
        _make(path, replacing=True)
    return ensure_secret(path)


def put_secret(path: Path, secret: str) -> None:
    """Replaces the secret in the file by this one, in one step.

    Raises:
        DiskError: It cannot be written.
    """
    with disk_errors("write a new secret to", path):
        _make(path, secret, replacing=True)


def _make(path: Path, secret: str | None = None, *, replacing: bool = False) -> None:
    """Writes it whole or not at all, and only over another one if it is to replace that."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write((secret or secrets.token_urlsafe(SECRET_BYTES)) + "\n")
        with suppress(FileExistsError):
            if replacing:
                temporary.replace(path)
            else:
                os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    give_to_owner(path.parent)


def _read(path: Path) -> str:
    text = path.read_text("ascii", errors="replace").strip()
    if not _SECRET.fullmatch(text):
        raise ConfigError(
            f"{path} contains no secret; delete it, and Strandline makes a new one", place=str(path)
        )
    return text
