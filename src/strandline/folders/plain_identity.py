"""The short look at an identity, which every lookup takes: what ``SD_ID`` says. The rest is in ``identity_files``."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from strandline.folders.opening import READ_FLAGS, is_dataless
from strandline.model.identity.sd_ids import (
    IDENTITY_FILE,
    MAX_IDENTITY_BYTES,
    StorageDirId,
    find_identity_in,
)

_CAN_REFUSE_LINKS = hasattr(os, "O_NOFOLLOW")

_NOT_A_FILE = {errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.ENODEV, errno.EISDIR}
"""The errors for opening a link (ELOOP; BSD: EMLINK), a socket, a device without a driver, or a folder."""


def read_plain_identity(root: Path | str) -> StorageDirId | None:
    """The identity in ``SD_ID``, by exactly one open, fstat, and read.

    Returns:
        None if there is an entry that is no identity. ``identity_files`` says what it is.

    Raises:
        FileNotFoundError: There is no such entry, or no root.
        OSError: It cannot be read now (unreadable, the root is no folder, or the share does not answer).
    """
    path = f"{root}/{IDENTITY_FILE}"
    if not _CAN_REFUSE_LINKS and Path(path).is_symlink():
        return None
    try:
        fd = os.open(path, READ_FLAGS)
    except OSError as error:
        if error.errno in _NOT_A_FILE:
            return None
        raise
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or is_dataless(found):
            return None
        return find_identity_in(os.read(fd, MAX_IDENTITY_BYTES + 1))
    finally:
        os.close(fd)
