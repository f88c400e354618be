"""Saving several images at once: each has the result that it would have alone, with fewer waits for the disk."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from builders.machine import open_machine
from builders.pictures import make_picture
from builders.statements import list_statements
from builders.storage import id_of, make_pictures, name_of
from fault_kit.traced import trace_calls
from strandline.errors import StorageDirOfflineError, StrandlineError
from strandline.model.reports import Saved
from strandline.services.saving.intake import NewImage
from strandline.services.saving.save import save_image
from strandline.services.saving.save_several import MOST_TOGETHER, save_several
from strandline.services.workbench import Limits

PICTURES = make_pictures(4)
THERE, HALF = make_picture("png", seed=50), make_picture("jpg", seed=51)
LARGE = make_picture("png", seed=52, size=(200, 200))
IMAGES = [
    (PICTURES[0], "a.png"),
    (b"", "empty.png"),
    (PICTURES[1], None),
    (b"a letter", "letter.txt"),
    (PICTURES[0], "a again.png"),
    (THERE, "there.png"),
    (HALF, "half.jpg"),
    (HALF[: len(HALF) // 2], "cut.jpg"),
    (LARGE, "large.png"),
    (PICTURES[2], "c.png"),
]


def test_each_result_is_that_of_a_save_alone(tmp_path: Path) -> None:
    """New, there already, twice in one call, incomplete, arriving, too large, and no image: results and rows are as
    one by one.
    """
    outcomes = []
    for name in ("together", "alone"):
        (tmp_path / name).mkdir()
        with open_machine(tmp_path / name, limits=Limits(save_max_bytes=len(LARGE) - 1)) as machine:
            sd = machine.add("one", THERE)
            machine.put(sd, HALF[: len(HALF) // 2], name_of(HALF))
            machine.get(id_of(THERE))
            results: list[Saved | StrandlineError] = []
            if name == "together":
                results = save_several(machine.bench, [NewImage(*image) for image in IMAGES], sd)
            for data, original in IMAGES if name == "alone" else ():
                try:
                    results.append(save_image(machine.bench, data, sd, name=original))
                except StrandlineError as error:
                    results.append(error)
            files = {path.name: path.read_bytes() for path in machine.media(sd).iterdir()}
            rows = {name: machine.row(sd, name) for name in files}
            states = {name: row and (row.state, row.proof and row.proof.whole) for name, row in rows.items()}
            told = sorted((event.type, getattr(event, "image_id", "")) for event in machine.events())
            outcomes.append(([_sum_up(result) for result in results], files, states, told))
    assert outcomes[0] == outcomes[1]


def _sum_up(result: Saved | StrandlineError) -> object:
    if isinstance(result, StrandlineError):
        return type(result), result.message
    return result


def test_nothing_is_saved_if_the_folder_is_gone(tmp_path: Path) -> None:
    """Every image has the error, and none is in the catalog."""
    with open_machine(tmp_path) as machine:
        sd = machine.add("one")
        shutil.rmtree(sd.path)
        results = save_several(machine.bench, map(NewImage, PICTURES), sd)
        assert [type(result) for result in results] == [StorageDirOfflineError] * len(PICTURES)
        assert machine.events("image.available") == []


def test_many_images_share_transactions(tmp_path: Path) -> None:
    """One transaction for each group, whatever the number of its images."""
    with open_machine(tmp_path) as machine:
        sd = machine.add("one")
        images = [
            NewImage(data, f"{number}.png") for number, data in enumerate(make_pictures(MOST_TOGETHER + 1))
        ]
        statements = list_statements(machine.bench, lambda: save_several(machine.bench, images, sd))
        assert sum(statement.startswith("BEGIN IMMEDIATE") for statement in statements) == 2
        assert machine.bench.catalog.check_integrity() == []
        assert len(machine.events("image.available")) == MOST_TOGETHER + 1


SAVING = """
import sys
from pathlib import Path
from strandline import NewImage, open_store
home, *pictures = sys.argv[1:]
images = [NewImage(Path(picture).read_bytes()) for picture in pictures]
with open_store(home) as store:
    store.rename_storage_dir("one", "two")  # SQLite syncs a new log once whatever we ask: let that be over
    begin()
    store.save_several(images, sd="two")
    end()
"""


@pytest.mark.parametrize("has_media", [True, False])
def test_all_files_are_durable_before_any_row(tmp_path: Path, has_media: bool) -> None:
    """The bytes of each image before its name, all names before the folder's one sync, and the rows last."""
    with open_machine(tmp_path) as machine:
        sd = machine.add("one")
        if not has_media:
            machine.media(sd).rmdir()
    paths = []
    for number, data in enumerate(PICTURES):
        paths.append(tmp_path / f"{number}.png")
        paths[-1].write_bytes(data)
    lines = trace_calls(SAVING, tmp_path / "home", *paths, calls="fsync,fdatasync,linkat")
    media = tmp_path / "one" / "media"
    steps = []
    for line in lines:
        if "linkat" in line:
            steps.append("name")
        elif f"<{media}>" in line:
            steps.append("folder")
        elif "catalog.db-wal" in line:
            steps.append("row")
        elif f"<{media}/" in line:
            steps.append("bytes")
    assert steps == [*["bytes", "name"] * len(PICTURES), "folder", "row"]
