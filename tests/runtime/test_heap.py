"""The daemon's heap: freed memory is shared among threads, not kept for each."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

THREADS_THAT_ALLOCATE = """
import ctypes, threading
from strandline.runtime.heap import limit_pools
if {limited}:
    limit_pools()
together = threading.Barrier(20)
def allocate():
    together.wait()
    kept = [bytes(2000) for _ in range(2000)]
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(20)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ctypes.CDLL(None).malloc_stats()
"""


def count_pools(*, limited: bool) -> int:
    """The number of pools that glibc reports after twenty threads have allocated."""
    code = THREADS_THAT_ALLOCATE.format(limited=limited)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return ran.stderr.count("Arena ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps memory by thread")
def test_many_threads_share_two_pools() -> None:
    """Without the limit they would use more."""
    assert count_pools(limited=True) <= 2 < count_pools(limited=False)
