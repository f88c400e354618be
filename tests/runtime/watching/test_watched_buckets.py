"""A watched bucket: it does not tell of changes, so it is listed from time to time. Folders beside it are watched."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from builders.s3_server import S3Server
from builders.storage import make_pictures, make_storage_dir, name_of, put_image
from builders.watching import EventReader
from strandline.runtime.assembly import open_store

ONE, TWO, THREE = make_pictures(3)


@pytest.mark.parametrize("layout", ["ids", "named"])
def test_arrivals_are_told_without_a_scan_by_hand(tmp_path: Path, s3_server: S3Server, layout: str) -> None:
    """Also of pictures that have names. A folder beside it tells at once."""
    other = s3_server.make_place()
    where = "media/" if layout == "ids" else "trips/"
    other.put(f"{where}{name_of(ONE)}", ONE)
    root = make_storage_dir(tmp_path / "folder")
    overrides: dict[str, int | float | str] = {"s3.endpoint": s3_server.endpoint, "scan.periodic_s": 1.0}
    stop = threading.Event()
    with open_store(tmp_path / "home", overrides=overrides) as store:
        store.add_storage_dir(other.address, layout=layout, new_identity=layout == "ids")
        store.add_storage_dir(root)
        events = EventReader(iter(store.watch(stop=stop)))
        events.wait_for("scan.finished", count=2)
        other.put(f"{where}{name_of(TWO)}", TWO)
        put_image(root, THREE)
        events.wait_for("image.available", name_of(TWO))
        events.wait_for("image.available", name_of(THREE))
        other.put(f"{where}{name_of(TWO)}", TWO)  # the same bytes
        scans = sum(event.type == "scan.finished" for event in events.read)
        events.wait_for("scan.finished", count=scans + 2)
        stop.set()
        events.join()
        assert events.types_of(name_of(TWO)) == ["image.available"]
