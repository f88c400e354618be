"""Exporting: JSON with everything that no folder knows, so that a catalog can be deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.identities import A, B
from builders.journal import list_event_types
from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir, open_bench, put_half
from strandline.model.events import StorageDirOnline, parse_event
from strandline.services.exporting.export_catalog import JOURNAL_AT_ONCE, export_catalog
from strandline.services.saving.save import save_image
from strandline.services.storage_dirs.add import add_storage_dir

PICTURE = make_picture("png")


def test_it_holds_what_only_the_catalog_knows(home: Path, tmp_path: Path) -> None:
    """The list of storage directories, original names with their sources, the journal, and the trash's index."""
    root = make_storage_dir(tmp_path / "Notes", sd_id=A)
    (root / f"SD_ID.was-{B}").write_text(B)
    holiday = tmp_path / "holiday.png"
    holiday.write_bytes(PICTURE)
    put_half(root, PICTURE)
    clock = FakeClock()
    with open_bench(home, clock) as bench:
        sd = add_storage_dir(bench, root, name="Mine", read_only=False).sd
        saved = save_image(bench, holiday, sd)
        exported = json.loads(json.dumps(export_catalog(bench)))
        assert exported["epoch"] == bench.catalog.epoch
        types = list_event_types(bench)
    assert exported["format"] == 1
    assert [
        (each["sd_id"], each["name"], each["path"], each["aliases"]) for each in exported["storage_dirs"]
    ] == [(A, "Mine", str(root), [B])]
    (origin,) = exported["origins"]
    assert (origin["image_id"], origin["original_name"]) == (saved.image_id, "holiday.png")
    assert str(holiday) in origin["source"]
    (trashed,) = exported["trash"]
    assert (trashed["image_id"], trashed["sd_path"], trashed["reason"]) == (
        id_of(PICTURE),
        str(root),
        "replaced",
    )
    assert [event["type"] for event in exported["journal"]] == types
    assert {"sd.added", "image.available"} <= set(types)
    assert [parse_event(event).seq for event in exported["journal"]] == list(range(1, len(types) + 1))


def test_a_new_catalog_has_nothing_to_export(home: Path) -> None:
    """All keys are there, and empty."""
    with open_bench(home) as bench:
        exported = export_catalog(bench)
    assert {key: exported[key] for key in ("storage_dirs", "origins", "trash", "journal")} == {
        "storage_dirs": [], "origins": [], "trash": [], "journal": [],
    }  # fmt: skip


@pytest.mark.slow
def test_a_long_journal_is_exported_whole(home: Path) -> None:
    """However many events there are, each is there once and in order."""
    count = JOURNAL_AT_ONCE + 3
    with open_bench(home, clock := FakeClock()) as bench:
        with bench.catalog.write() as writer:
            for number in range(count):
                event = StorageDirOnline(at=clock.now(), sd_id=None, name=str(number), path="/")
                writer.journal.append_event(event)
        events = export_catalog(bench)["journal"]
    assert isinstance(events, list)
    assert [event["name"] for event in events] == [str(number) for number in range(count)]
