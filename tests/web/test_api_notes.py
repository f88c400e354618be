"""Notes over HTTP: what they refer to, and pictures that are put back where they expect them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served, serving
from strandline.runtime.assembly import open_store

OWN, OTHER = (make_picture("png", seed=seed, size=(60, 40)) for seed in (1, 2))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A vault whose two notes miss a picture each: one is under another name in it, one in another folder."""
    clock = FakeClock()
    vault, album = tmp_path / "Vault", tmp_path / "Album"
    put(vault, "a.png", OWN)
    put(vault, "b.png", OTHER)
    put(vault, "One.md", b"![](a.png)\n")
    put(vault, "In/Two.md", b"![](../b.png)\n")
    put(vault, "kept.txt", b"")
    put(album, "holiday.png", OTHER)
    with open_store(tmp_path / "home", now=clock.now) as store:
        store.add_storage_dir(vault)
        store.add_storage_dir(album)
        store.scan()
        (vault / "a.png").rename(vault / "moved.png")
        (vault / "b.png").unlink()
        for _ in range(2):
            clock.pass_time(days=1)
            store.scan()
        with serving(store) as served:
            yield served


def test_what_notes_miss_is_told(served: Served) -> None:
    """One answer of ``check --json``."""
    checked = served.get("/sds/Vault/check")
    assert [(each["note"], each["kind"], each["target"]) for each in checked["findings"]] == [
        ("In/Two.md", "missing", "../b.png"),
        ("One.md", "missing", "a.png"),
    ]
    assert (checked["notes"], checked["references"], checked["layout"]) == (2, 2, "named")


def test_pictures_are_put_back(served: Served, tmp_path: Path) -> None:
    """A dry run writes nothing. Bytes of another folder are copied only if that is allowed."""
    tried = served.post("/sds/Vault/put-back", {"dry_run": True}).json()
    sources = {row["path"]: (row["from_path"], row["from_sd"]) for row in tried["pictures"]}
    assert sources == {"a.png": ("moved.png", None), "b.png": ("holiday.png", "Album")}
    assert [(row["done"], row["why"]) for row in tried["pictures"]] == [(False, None)] * 2
    assert (tried["dry_run"], tried["missing"], tried["unknown"]) == (True, 2, 0)
    assert not (tmp_path / "Vault/a.png").exists()
    done = served.post("/sds/Vault/put-back", {}).json()
    assert {row["path"]: row["done"] for row in done["pictures"]} == {"a.png": True, "b.png": False}
    assert (tmp_path / "Vault/a.png").read_bytes() == OWN
    assert not (tmp_path / "Vault/b.png").exists()
    (row,) = served.post("/sds/Vault/put-back", {"from_others": True}).json()["pictures"]
    assert (row["path"], row["done"], (tmp_path / "Vault/b.png").read_bytes()) == ("b.png", True, OTHER)
    assert served.get("/sds/Vault/check")["findings"] == []


def test_one_note_alone_is_put_right(served: Served, tmp_path: Path) -> None:
    """A note, or all notes in a folder."""
    for note in ("In", "In/Two.md"):
        (row,) = served.post("/sds/Vault/put-back", {"note": note, "dry_run": True}).json()["pictures"]
        assert row["path"] == "b.png"


@pytest.mark.parametrize("note", ["..", "../Album", "/etc", "In/../../Album", "C:/x\0"])
def test_a_note_is_in_the_folder(served: Served, note: str) -> None:
    """Nothing outside of it is read. A place that does not exist is told."""
    answer = served.post("/sds/Vault/put-back", {"note": note})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-path")
    assert served.post("/sds/Vault/put-back", {"note": "no.md"}).json()["code"] == "source-not-found"
    assert served.post("/sds/Nowhere/put-back", {}).status_code == 404


def test_a_renamed_folder_is_not_copied_unasked(tmp_path: Path) -> None:
    """As on the command line: to rename it back is better, and each picture says so."""
    pictures = [make_picture("png", seed=seed, size=(20, 20)) for seed in range(10, 18)]
    vault = tmp_path / "Vault"
    for number, data in enumerate(pictures):
        put(vault, f"Old/{number}.png", data)
    put(vault, "Note.md", "".join(f"![](Old/{number}.png)\n" for number in range(8)).encode())
    clock = FakeClock()
    with open_store(tmp_path / "home", now=clock.now) as store:
        store.add_storage_dir(vault)
        store.scan()
        (vault / "Old").rename(vault / "New")
        clock.pass_time(days=1)
        store.scan()
        with serving(store) as served:
            held = served.post("/sds/Vault/put-back", {}).json()["pictures"]
            assert [row["done"] for row in held] == [False] * 8
            assert all("renamed" in row["why"] for row in held)
            assert not (vault / "Old").exists()
            done = served.post("/sds/Vault/put-back", {"from_renamed": True}).json()["pictures"]
            assert [row["done"] for row in done] == [True] * 8
