"""A share that dies while images are sent from it: images elsewhere are still sent."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import serving_storage_dir
from builders.storage import id_of, make_storage_dir, set_mtime
from strandline.folders.filesystems import Mount, MountKind, find_mount
from strandline.web.threads import SLOW_THREADS

HERE = make_picture("png", seed=1)
THERE = [make_picture("png", seed=seed) for seed in range(2, 2 + SLOW_THREADS)]
"""As many images as there are threads that read them."""


def test_reads_that_hang_hold_up_no_image_of_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each read times out, so that the threads are free again."""
    share = make_storage_dir(tmp_path / "share", *THERE)
    on_share = Mount(share, "nfs4", MountKind.NETWORK, keeps_inodes=True, read_only=False)
    with serving_storage_dir(tmp_path, HERE) as served:
        bench = served.store.bench
        bench.find_mount = lambda path: on_share if path.startswith(str(share)) else find_mount(path)
        bench.limits = replace(bench.limits, fetch_timeout_s=0.5)
        served.store.add_storage_dir(share)
        for path in tmp_path.glob("*/media/*"):
            set_mtime(path, 100)
            served.store.get(path.stem)
        read, hanging, end = os.pread, threading.Semaphore(0), threading.Event()

        def hang(fd: int, length: int, offset: int) -> bytes:
            if os.readlink(f"/proc/self/fd/{fd}").startswith(str(share)):
                hanging.release()
                end.wait()
            return read(fd, length, offset)

        monkeypatch.setattr(os, "pread", hang)
        try:
            with ThreadPoolExecutor(len(THERE)) as clients:
                asked = [clients.submit(served.client.get, f"/i/{id_of(data)}") for data in THERE]
                for _ in THERE:
                    assert hanging.acquire(timeout=20)
                assert served.client.get(f"/i/{id_of(HERE)}").content == HERE
                assert {answer.result().status_code for answer in asked} == {500}
        finally:
            end.set()
