"""Saving so that a power cut loses nothing: what is synced, and in which order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builders.machine import open_machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from fault_kit.traced import trace_calls

PICTURE = make_picture("png", seed=1)
ID, NAME = id_of(PICTURE), name_of(PICTURE)

SAVING = """
import sys
from strandline import open_store
home, picture = sys.argv[1:]
with open_store(home) as store:
    store.rename_storage_dir("one", "two")  # SQLite syncs a new log once whatever we ask: let that be over
    begin()
    store.save(picture, sd="two")
    end()
"""


def test_each_step_is_durable_before_the_next(tmp_path: Path) -> None:
    """A new media folder, the bytes, their name, last the row: a power cut never leaves a row without a file."""
    source = _put_source(tmp_path)
    with open_machine(tmp_path) as machine:
        machine.media(machine.add("one")).rmdir()
    lines = trace_calls(SAVING, tmp_path / "home", source, calls="mkdir,fsync,fdatasync,linkat,/^rename")
    root = tmp_path / "one"
    marks = {
        f'mkdir("{root}/media"': "media made",
        f"fsync({{}}<{root}>)": "media durable",
        f"{root}/media/#": "bytes durable",
        f'"{NAME}"': "named",
        f"<{root}/media>)": "name durable",
        "catalog.db-wal": "row durable",
    }
    steps = [
        next((step for mark, step in marks.items() if mark in re.sub(r"(sync\()\d+", r"\1{}", line)), line)
        for line in lines
    ]
    order = [*marks.values()]
    assert [step for step in dict.fromkeys(steps) if step in order] == order


SAVING_AGAIN = """
import sys
from strandline import open_store
home, picture = sys.argv[1:]
with open_store(home) as store:
    begin()
    assert not store.save(picture, sd="one").new
    end()
"""


@pytest.mark.parametrize("known", [False, True], ids=["just arrived", "proven before"])
def test_what_somebody_else_wrote_is_durable_before_it_counts_as_saved(tmp_path: Path, known: bool) -> None:
    """A plain copy is not synced by the program that made it: a power cut could leave an empty file under the
    name.
    """
    source = _put_source(tmp_path)
    with open_machine(tmp_path) as machine:
        one = machine.add("one")
        machine.put(one, PICTURE, NAME)
        if known:
            machine.get(ID)
            machine.clock.pass_time(seconds=3)
            machine.get(ID)
    lines = trace_calls(SAVING_AGAIN, tmp_path / "home", source, calls="fsync,fdatasync")
    media = tmp_path / "one" / "media"
    synced = [line.partition("<")[2].partition(">")[0] for line in lines]
    assert [path for path in synced if path.startswith(str(media))] == [str(media / NAME), str(media)]


def _put_source(folder: Path) -> Path:
    path = folder / "holiday.png"
    path.write_bytes(PICTURE)
    return path


@pytest.mark.slow
def test_a_save_costs_the_same_in_a_full_folder(tmp_path: Path) -> None:
    """The same number of system calls at 100 files as at 10,000, and no listing of the folder; in a new process
    each time.
    """
    counts = []
    for files in (100, 10_000):
        folder = tmp_path / str(files)
        folder.mkdir()
        source = _put_source(folder)
        with open_machine(folder) as machine:
            media = machine.media(machine.add("one"))
        for number in range(files):
            (media / f"{number:032x}.png").touch()
        lines = trace_calls(
            SAVING, folder / "home", source, calls="openat,getdents64,/stat,fsync,/^rename,linkat"
        )
        assert not [line for line in lines if "getdents64" in line and str(media) in line]
        counts.append(len([line for line in lines if str(media) in line]))
    assert counts[0] == counts[1] > 0
