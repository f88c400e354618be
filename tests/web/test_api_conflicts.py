"""Conflict copies and wanted files over HTTP: listed, tried, resolved, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import id_of, make_storage_dir, name_of

ONE, TWO = (make_picture("png", seed=seed) for seed in (1, 2))
COPY = f"media/{id_of(ONE)} (1).png"
OTHER = f"media/{id_of(ONE)}.sync-conflict-20260101-101010-ABCDEFG.png"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An image, an equal copy of it, and half of another picture under a conflict copy's name."""
    with serving_storage_dir(tmp_path, ONE) as it:
        root = Path(it.store.list_storage_dirs()[0].path)
        (root / COPY).write_bytes(ONE)
        (root / OTHER).write_bytes(TWO[: len(TWO) // 2])
        it.store.scan()
        yield it


def test_conflict_copies_are_listed_and_resolved(served: Served) -> None:
    """A dry run changes nothing. What is refused alone is a problem with the same keys."""
    sd = served.store.list_storage_dirs()[0]
    base = f"/sds/{sd.sd_id}/conflicts"
    listed = served.get(base)["conflicts"]
    assert [(row["path"], row["bytes"], row["remedy"]) for row in listed] == [
        (COPY, "duplicate", "fold"),
        (OTHER, "different", "keep-both"),
    ]
    url = f"/api/v1{base}/resolve"
    tried = served.client.post(url, json={"dry_run": True}).json()
    assert ([row["path"] for row in tried["resolved"]], tried["done"]) == ([COPY, OTHER], [])
    done = served.client.post(url, json={})
    assert done.status_code == 200
    assert [row["path"] for row in done.json()["done"]] == [COPY]
    assert [row["code"] for row in done.json()["refused"]] == ["wrong-bytes"]
    again = served.client.post(url, json={"paths": [OTHER]})
    assert (again.status_code, again.json()["code"]) == (500, "wrong-bytes")
    assert [row["path"] for row in again.json()["plan"]] == [OTHER]
    assert served.client.post(url, json={"paths": ["media/x.png"]}).status_code == 404
    assert (Path(sd.path) / OTHER).exists()


def test_a_path_stays_in_its_storage_directory(served: Served, tmp_path: Path) -> None:
    """An empty path is not everything, and no path leads to another folder."""
    one = served.store.list_storage_dirs()[0]
    root = make_storage_dir(tmp_path / "two", ONE)
    two = served.store.add_storage_dir(root).sd
    (root / COPY).write_bytes(ONE)
    up = os.path.relpath(two.path, one.path)
    for path in ("", ".", "/", up, f"{up}/{COPY}", two.path, f"{two.path}/{COPY}", "media/../../x", "a\0"):
        answer = served.client.post(f"/api/v1/sds/{one.sd_id}/conflicts/resolve", json={"paths": [path]})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-path"), path
    assert all((Path(sd.path) / COPY).exists() for sd in (one, two))


def test_what_is_wanted(served: Served) -> None:
    """As `wanted --json` prints it, of all storage directories or of one."""
    sd = served.store.list_storage_dirs()[0]
    (Path(sd.path) / "media" / name_of(TWO)).write_bytes(TWO[: len(TWO) // 2])
    served.store.scan()
    [row] = served.get("/wanted")["wanted"]
    assert (row["image_id"], row["state"], row["size_bytes"]) == (id_of(TWO), "arriving", None)
    assert served.client.get("/api/v1/wanted", params={"sd": sd.name}).json()["wanted"] == [row]
    assert served.client.get("/api/v1/wanted", params={"sd": "nothing"}).status_code == 404


def test_a_version_is_chosen_and_the_choice_taken_back(served: Served, tmp_path: Path) -> None:
    """Over HTTP as on the command line."""
    root = tmp_path / "vault"
    root.mkdir()
    file, copy = root / "sea.png", root / "sea.sync-conflict-20260101-101010-ABCDEFG.png"
    file.write_bytes(ONE)
    copy.write_bytes(TWO)
    sd = served.store.add_storage_dir(root).sd
    url = f"/api/v1/sds/{sd.name}/conflicts/choose"
    body = {"path": copy.name, "keep": "both"}
    tried = served.client.post(url, json={**body, "dry_run": True}).json()
    assert tried["undo"] is None
    chosen = served.client.post(url, json=body).json()
    assert (root / chosen["kept_as"]).read_bytes() == TWO
    assert not copy.exists()
    undo = "/api/v1/conflicts/undo-choice"
    assert served.client.post(undo, json={"undo": chosen["undo"]}).status_code == 200
    assert sorted(each.name for each in root.glob("*.png")) == [file.name, copy.name]
    assert served.client.post(undo, json={"undo": "x"}).status_code == 404
