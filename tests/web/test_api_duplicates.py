"""Duplicates over HTTP: listed, and folded if somebody confirms."""

from __future__ import annotations

from pathlib import Path

from builders.pictures import make_picture
from builders.served import serving_storage_dir
from builders.storage import id_of

ONE, TWO = (make_picture("jpg", seed=seed, size=(90, 60)) for seed in (1, 2))


def test_they_are_listed_and_folded(tmp_path: Path) -> None:
    """Without ``confirm``, nothing is moved."""
    root = tmp_path / "Vault"
    root.mkdir()
    for name in ("sea.jpg", "copy of sea.jpg"):
        (root / name).write_bytes(ONE)
    (root / "Note.md").write_text("![](sea.jpg)")
    with serving_storage_dir(tmp_path, TWO) as served:
        served.store.add_storage_dir(root)
        (group,) = served.get("/duplicates", sd="Vault")["duplicates"]
        assert {file["image_id"] for file in group["files"]} == {id_of(ONE)}
        assert served.get("/duplicates", sd="Notes")["duplicates"] == []
        refused = served.post("/duplicates/fold", {})
        assert (refused.status_code, refused.json()["code"]) == (409, "refused")
        tried = served.post("/duplicates/fold", {"dry_run": True}).json()
        assert [row["path"] for row in tried["plan"]] == ["copy of sea.jpg"]
        assert (root / "copy of sea.jpg").exists()
        done = served.post("/duplicates/fold", {"sds": ["Vault"], "confirm": True}).json()
        assert [{**row, "trash_id": None} for row in done["done"]] == tried["plan"]
        assert sorted(path.name for path in root.glob("*.jpg")) == ["sea.jpg"]


def test_a_younger_file_does_not_lose_to_its_conflict_copy(tmp_path: Path) -> None:
    """As if it was deleted and came back. The image is called as its file, too, in every listing."""
    root = tmp_path / "Vault"
    (root / "Trips").mkdir(parents=True)
    copy = "sea (conflicted copy 2026-11-22).jpg"
    (root / "Trips" / copy).write_bytes(ONE)
    with serving_storage_dir(tmp_path, TWO) as served:
        served.store.add_storage_dir(root)
        (root / "Trips/sea.jpg").write_bytes(ONE)
        served.store.scan()
        tried = served.post("/duplicates/fold", {"dry_run": True}).json()
        assert [row["path"] for row in tried["plan"]] == [f"Trips/{copy}"]
        for query in ({}, {"sd": "Vault"}, {"sd": "Vault", "folder": "Trips"}):
            names = {each["original_name"] for each in served.get("/images", **query)["images"]}
            assert names - {None} == {"sea.jpg"}
            assert (
                "<h1><bdi>sea.jpg</bdi></h1>" in served.client.get(f"/image/{id_of(ONE)}", params=query).text
            )
