"""A fork of a process that used a bucket: it is told, and does not wait forever."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from builders.s3_server import S3Server

PROGRAM = """
import os, sys
from strandline import open_store
from strandline.model.storage_dirs import StorageDirState

with open_store(sys.argv[1], overrides={"s3.endpoint": sys.argv[2]}) as store:
    sd = store.add_storage_dir(sys.argv[3]).sd
    child = os.fork()
    if not child:
        (now,) = store.refresh_storage_dirs([sd])
        os._exit(0 if "is a fork of one" in (now.problem or "") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    (now,) = store.refresh_storage_dirs([sd])
    assert now.state is StorageDirState.ONLINE, now
"""


@pytest.mark.slow  # a server takes seconds to start
def test_a_fork_is_told(tmp_path: Path, s3_server: S3Server) -> None:
    """The storage directory is offline there, and the parent goes on."""
    place = s3_server.make_place().address
    subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "home", s3_server.endpoint, place], check=True, timeout=30
    )
