"""The watcher survives faults of its own and of the catalog, and leaves nothing behind when it stops."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from builders.storage import open_bench, put_image
from builders.watching import RunningClock, make_arrival, run_watcher, wait_for_all, watching
from strandline.model.storage_dirs import StorageDir
from strandline.runtime.watching import place_watcher
from strandline.services.proving.arrivals import Arrival, look_at_arrivals
from strandline.services.workbench import Workbench

AVAILABLE = "image.available"

pytestmark = pytest.mark.usefixtures("impatient")


def test_a_fault_is_told_and_survived(
    bench: Workbench, root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug in one look does not end the watching. A scan finds the lost files again."""
    monkeypatch.setattr(place_watcher, "RETRY_S", 0.1)
    look, faults = look_at_arrivals, iter([RuntimeError("a defect")])

    def look_badly_once(
        bench: Workbench, sd: StorageDir, names: Iterable[str]
    ) -> Iterator[tuple[str, Arrival]]:
        for fault in faults:
            raise fault
        yield from look(bench, sd, names)

    with watching(bench) as reader:
        wait_for_all(reader, root)
        monkeypatch.setattr(place_watcher, "look_at_arrivals", look_badly_once)
        reader.wait_for(AVAILABLE, put_image(root, make_arrival(1)))
    assert "internal error in the watcher; it continues" in caplog.messages


def test_the_catalog_may_fail_for_a_while(
    bench: Workbench, root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If another process holds the catalog beyond the timeout, there is a warning, and the image comes a little
    later.
    """
    monkeypatch.setattr(place_watcher, "RETRY_S", 0.1)
    caplog.set_level(logging.WARNING)
    with (
        open_bench(bench.home, RunningClock(), busy_timeout_s=0.05) as impatient,
        watching(impatient) as reader,
    ):
        wait_for_all(reader, root)
        with bench.catalog.write():
            name = put_image(root, make_arrival(1))
            reader_warned = threading.Event()
            while not any("could not be recorded" in message for message in caplog.messages):
                assert not reader_warned.wait(0.02)
        reader.wait_for(AVAILABLE, name)


def test_stopping_ends_every_thread(bench: Workbench, root: Path) -> None:
    """This includes waiting threads. Stopping twice is harmless."""
    before = {thread.ident for thread in threading.enumerate()}
    with run_watcher(bench) as (running, reader):
        wait_for_all(reader, root)
        running.stop()
    assert {thread.name for thread in threading.enumerate() if thread.ident not in before} == set()


def test_the_host_programs_switch_interval_comes_back(bench: Workbench) -> None:
    """Threads switch sooner while any watcher runs. Afterwards the old interval is back."""
    before = sys.getswitchinterval()
    with run_watcher(bench) as (one, _):
        assert sys.getswitchinterval() < before
        with run_watcher(bench) as (two, _):
            pass
        assert sys.getswitchinterval() < before
        two.stop()
    assert sys.getswitchinterval() == before
    one.stop()
    assert sys.getswitchinterval() == before
