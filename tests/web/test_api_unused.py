"""Unused pictures over HTTP: listed, and collected once somebody confirms, and not while anything is unread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of
from strandline.runtime.assembly import open_store

PICTURES = [make_picture("png", seed=seed, size=(30, 20)) for seed in range(12)]


@pytest.fixture
def clock() -> FakeClock:
    """Weeks may pass."""
    return FakeClock()


@pytest.fixture
def served(tmp_path: Path, clock: FakeClock) -> Iterator[Served]:
    """A vault with a dozen pictures, of which a note names all except one."""
    root = tmp_path / "Vault"
    for number, data in enumerate(PICTURES):
        put(root, f"p{number:02}.png", data)
    put(root, "Note.md", " ".join(f"![](p{number:02}.png)" for number in range(1, 12)).encode())
    with open_store(tmp_path / "home", now=clock.now) as store:
        store.add_storage_dir(root)
        with serving(store) as served:
            yield served


def test_they_are_listed_and_collected(served: Served, clock: FakeClock, tmp_path: Path) -> None:
    """After a month, and two looks a week apart. Without ``confirm``, nothing is moved."""
    report = served.get("/unused")
    assert [row["path"] for row in report["unused"]] == ["p00.png"]
    assert (report["images"], report["texts"], report["gaps"]) == (12, 1, [])
    assert served.get("/unused", sd="Vault") == report
    assert served.post("/unused/collect", {"confirm": True}).json()["plan"] == []
    clock.pass_time(days=40)
    refused = served.post("/unused/collect", {})
    assert (refused.status_code, refused.json()["code"]) == (409, "refused")
    assert "1 picture" in refused.json()["detail"]
    tried = served.post("/unused/collect", {"dry_run": True, "confirm": True}).json()
    assert ([row["path"] for row in tried["plan"]], tried["done"]) == (["p00.png"], [])
    assert (tmp_path / "Vault/p00.png").exists()
    done = served.post("/unused/collect", {"confirm": True, "sds": ["Vault"]}).json()
    assert [row["image_id"] for row in done["done"]] == [id_of(PICTURES[0])]
    assert not (tmp_path / "Vault/p00.png").exists()


def test_what_was_not_read_stops_it(served: Served, tmp_path: Path) -> None:
    """The gaps are named."""
    put(tmp_path / "Vault", "half.md", b"\0\0")
    assert [gap["path"] for gap in served.get("/unused")["gaps"]] == ["half.md"]
    refused = served.post("/unused/collect", {"confirm": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "unread-texts")
    assert [gap["path"] for gap in refused.json()["gaps"]] == ["half.md"]
