"""The lock that one process holds: exclusive, and released when the holder dies, however it dies."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from strandline.errors import DiskError
from strandline.runtime.process_lock import ProcessLock

HOLD = """
import sys
from pathlib import Path
from strandline.runtime.process_lock import ProcessLock
lock = ProcessLock(Path(sys.argv[1]))
print(lock.try_acquire(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the lock."""
    return tmp_path / "some.lock"


@contextmanager
def other_process(path: Path) -> Iterator[tuple[subprocess.Popen[str], bool]]:
    """A process that has tried to take the lock, and whether it got it. It ends when its stdin closes."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline() == "True\n"
    finally:
        process.kill()
        process.communicate()


def test_one_at_a_time(path: Path) -> None:
    """Two lock objects of one process exclude each other, too. Releasing is idempotent."""
    one, two = ProcessLock(path), ProcessLock(path)
    assert one.try_acquire()
    assert one.try_acquire()
    assert not two.try_acquire()
    one.release()
    one.release()
    assert two.try_acquire()
    assert not one.try_acquire()
    two.release()


def test_another_process_has_it_until_it_is_killed(path: Path) -> None:
    """SIGKILL releases it, so no stale lock ever has to be removed by hand."""
    lock = ProcessLock(path)
    with other_process(path) as (process, got_it):
        assert got_it
        assert not lock.try_acquire()
        process.kill()
        process.wait()
        assert lock.try_acquire()
    with other_process(path) as (_, got_it):
        assert not got_it
    lock.release()


def test_programs_that_the_holder_started_do_not_keep_it(path: Path) -> None:
    """A decoder that outlives its parent must not block the next watcher."""
    lock = ProcessLock(path)
    assert lock.try_acquire()
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    lock.release()
    with other_process(path) as (_, got_it):
        assert got_it
    child.communicate(b"\n")


def test_the_file_stays(path: Path) -> None:
    """If it were deleted, two processes could each hold the lock on a different file."""
    lock = ProcessLock(path)
    lock.try_acquire()
    lock.release()
    assert path.exists()


def test_a_place_that_takes_no_lock_is_an_error(tmp_path: Path) -> None:
    """It is not the same as "another process has it": otherwise nobody would watch, and nobody would know."""
    with pytest.raises(DiskError, match="cannot lock"):
        ProcessLock(tmp_path / "no such folder" / "some.lock").try_acquire()
