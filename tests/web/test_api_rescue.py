"""Rescuing over HTTP: a folder is looked through, and what is missing comes back."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of
from strandline.runtime.assembly import open_store

LOST, KEPT = (make_picture("png", seed=seed, size=(60, 40)) for seed in (1, 2))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A vault that misses a picture, which is on a card under another name."""
    clock = FakeClock()
    root = tmp_path / "Vault"
    put(root, "lost.png", LOST)
    put(root, "kept.png", KEPT)
    with open_store(tmp_path / "home", now=clock.now) as store:
        store.add_storage_dir(root)
        put(tmp_path, "card/DSC1.PNG", LOST)
        (root / "lost.png").unlink()
        for _ in range(2):
            clock.pass_time(days=1)
            store.scan()
        assert len(store.list_wanted()) == 1
        with serving(store) as served:
            yield served


def test_what_is_missing_comes_back(served: Served, tmp_path: Path) -> None:
    """A dry run brings nothing back. The keys are those of ``rescue --json``."""
    card = str(tmp_path / "card")
    tried = served.post("/rescue", {"folders": [card], "dry_run": True}).json()
    assert ([row["path"] for row in tried["plan"]], tried["done"], tried["dry_run"]) == (
        ["lost.png"],
        [],
        True,
    )
    assert not (tmp_path / "Vault/lost.png").exists()
    done = served.post("/rescue", {"folders": [card]}).json()
    assert [row["image_id"] for row in done["done"]] == [id_of(LOST)]
    assert (done["not_found"], done["files"], done["complete"]) == ([], 1, True)
    assert (tmp_path / "Vault/lost.png").read_bytes() == LOST
    assert served.get("/wanted")["wanted"] == []


def test_what_cannot_be_is_refused(served: Served, tmp_path: Path) -> None:
    """A folder that is not there, one that is no whole path, and a place that something else has."""
    assert served.post("/rescue", {"folders": [str(tmp_path / "nowhere")]}).status_code == 404
    for odd in ("card", "~/card", ""):
        assert served.post("/rescue", {"folders": [odd]}).status_code == 422, odd
    put(tmp_path, "Vault/lost.png", b"something else")
    refused = served.post("/rescue", {"folders": [str(tmp_path / "card")]})
    assert (refused.status_code, refused.json()["code"]) == (409, "place-taken")
    assert [row["path"] for row in refused.json()["plan"]] == ["lost.png"]
    assert (tmp_path / "Vault/lost.png").read_bytes() == b"something else"


def test_what_another_machine_wants_is_handed_out(served: Served) -> None:
    """As an archive, by the list that ``GET /wanted`` answered there. Nothing in a row is believed."""
    rows = [{"image_id": id_of(KEPT), "path": "../x", "more": 1}, {"image_id": id_of(LOST)}, {"sha256": 7}]
    answer = served.post("/wanted/provide", {"wanted": rows})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert "attachment" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == [f"{id_of(KEPT)}.png"]
        assert archive.read(archive.namelist()[0]) == KEPT
    assert served.post("/wanted/provide", {"wanted": [{"image_id": id_of(LOST)}]}).status_code == 404
    assert served.post("/wanted/provide", {"wanted": "x"}).status_code == 422
