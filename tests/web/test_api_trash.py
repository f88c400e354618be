"""Deleting over HTTP: images go to the trash, are seen there, come back, and leave it for good."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders.clocks import FakeClock
from builders.pictures import make_picture
from builders.served import Served, serving, serving_storage_dir
from builders.storage import id_of, make_storage_dir, name_of, put_half
from strandline.model.changes import NamedFile
from strandline.model.image_ids import ImageId
from strandline.runtime.assembly import open_store
from strandline.web.api import trash as trash_api

ONE, TWO = (make_picture("jpg", seed=seed, size=(90, 60)) for seed in (1, 2))
ID, OTHER_ID = id_of(ONE), id_of(TWO)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Two images."""
    with serving_storage_dir(tmp_path, ONE, TWO) as it:
        it.store.scan()
        yield it


@contextmanager
def with_two_folders(served: Served, tmp_path: Path) -> Iterator[None]:
    """``More`` has the first image as well."""
    served.store.add_storage_dir(make_storage_dir(tmp_path / "More", ONE))
    yield


def delete(served: Served, image_id: str = ID, **query: Any) -> httpx.Response:
    """The answer to a deletion of one image."""
    return served.client.delete(f"/api/v1/images/{image_id}", params=query)


def list_trash(served: Served) -> list[dict[str, Any]]:
    """The entries of the trash."""
    entries: list[dict[str, Any]] = served.get("/trash")["trash"]
    return entries


def read(
    served: Served, trash_id: str, headers: dict[str, str] | None = None, **query: int
) -> httpx.Response:
    """The answer for the bytes of an entry."""
    return served.client.get(f"/api/v1/trash/{trash_id}/content", params=query, headers=headers or {})


class TestDelete:
    """Images leave their folders."""

    def test_one_goes_and_comes_back(self, served: Served, tmp_path: Path) -> None:
        """The rows are those of the command line. A dry run moves nothing."""
        path = tmp_path / "Notes/media" / name_of(ONE)
        row = {
            "image_id": ID, "sd_id": served.get("/sds")["sds"][0]["sd_id"], "sd_name": "Notes",
            "path": f"media/{name_of(ONE)}", "size_bytes": len(ONE), "trash_id": None,
        }  # fmt: skip
        tried = delete(served, dry_run=1)
        assert (tried.status_code, tried.json()) == (
            200,
            {"dry_run": True, "plan": [row], "done": [], "refused": [], "uses": []},
        )
        assert path.read_bytes() == ONE
        done = delete(served)
        trashed = row | {"trash_id": list_trash(served)[0]["trash_id"]}
        assert (done.status_code, done.json()["done"]) == (200, [trashed])
        assert not path.exists()
        assert served.client.get(f"/i/{ID}").status_code == 404
        restored = served.post("/trash/restore", {"image_ids": [ID]})
        assert (restored.status_code, restored.json()) == (
            200,
            {"dry_run": False, "plan": [row], "done": [row], "refused": []},
        )
        assert path.read_bytes() == ONE
        assert served.client.get(f"/i/{ID}").content == ONE

    def test_its_rows_undo_this_deletion_and_no_other(self, served: Served, tmp_path: Path) -> None:
        """A copy of the same bytes that was deleted before stays in the trash."""
        other = tmp_path / "Notes/media" / f"{ID}.PNG"
        other.write_bytes(ONE)
        served.store.scan()
        store = served.store
        alone = NamedFile(store.get_storage_dir("Notes"), f"media/{ID}.PNG", ImageId(ID))
        (before,) = store.delete(store.plan_delete([], files=[alone])).done
        deleted = delete(served).json()
        assert deleted["refused"] == [], "the file that has just gone is not missed"
        rows = deleted["done"]
        ids = [row["trash_id"] for row in rows]
        tried = served.post("/trash/restore", {"trash_ids": ids, "dry_run": True}).json()
        assert ([row["path"] for row in tried["plan"]], tried["done"]) == ([row["path"] for row in rows], [])
        assert len(list_trash(served)) == 2
        back = served.post("/trash/restore", {"trash_ids": ids})
        assert (back.status_code, [row["path"] for row in back.json()["done"]]) == (200, [rows[0]["path"]])
        assert [entry["trash_id"] for entry in list_trash(served)] == [before.trash_id]
        assert served.post("/trash/restore", {"trash_ids": ids}).status_code == 404
        for document in ({}, {"image_ids": [ID], "trash_ids": ids}, {"trash_ids": ids, "sd": "Notes"}):
            assert served.post("/trash/restore", document).status_code == 422

    def test_several_go_and_one_that_is_not_there_stops_none(self, served: Served) -> None:
        """It is listed with its reason."""
        answer = served.post("/images/delete", {"image_ids": [ID, "0" * 32, OTHER_ID]})
        assert answer.status_code == 200
        assert [row["image_id"] for row in answer.json()["done"]] == [ID, OTHER_ID]
        assert [(row["image_id"], row["code"]) for row in answer.json()["refused"]] == [
            ("0" * 32, "image-not-found")
        ]

    @pytest.mark.parametrize("dry_run", [False, True])
    def test_if_nothing_can_go_it_is_a_problem(self, served: Served, dry_run: bool) -> None:
        """That of the first refusal, with all of them."""
        ids = ["0" * 32, "1" * 32]
        answer = served.post("/images/delete", {"image_ids": ids, "dry_run": dry_run})
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["done"]) == (404, "image-not-found", [])
        assert [row["image_id"] for row in problem["refused"]] == ids
        assert delete(served, ids[0], dry_run=dry_run).status_code == 404

    def test_somebody_must_say_from_which_folder(self, served: Served, tmp_path: Path) -> None:
        """Until then nothing goes. Both may be named at once."""
        with with_two_folders(served, tmp_path):
            answer = delete(served)
            assert (answer.status_code, answer.json()["code"]) == (409, "in-several-folders")
            assert [sd["name"] for sd in answer.json()["sds"]] == ["Notes", "More"]
            several = served.post("/images/delete", {"image_ids": [OTHER_ID, ID]})
            assert (several.status_code, several.json()["code"]) == (409, "in-several-folders")
            assert list_trash(served) == []
            assert [row["sd_name"] for row in delete(served, sd="More").json()["done"]] == ["More"]
            served.post("/trash/restore", {"image_ids": [ID]})
            both = delete(served, sd=["Notes", "More"])
            assert [row["sd_name"] for row in both.json()["done"]] == ["Notes", "More"]

    def test_the_notes_that_use_it_are_named(self, served: Served, tmp_path: Path) -> None:
        """Before and after."""
        (tmp_path / "Notes/diary.md").write_text(f"# Sea\n\n![](media/{name_of(ONE)})\n")
        for dry_run in (True, False):
            (use,) = delete(served, dry_run=dry_run).json()["uses"]
            assert (use["note"], use["line"], use["sd_name"]) == ("diary.md", 3, "Notes")

    def test_a_folder_that_is_away_keeps_its_images(self, served: Served, tmp_path: Path) -> None:
        """503: try again when it is here."""
        (tmp_path / "Notes").rename(tmp_path / "Away")
        answer = delete(served)
        assert (answer.status_code, answer.json()["code"]) == (503, "sd-offline")
        assert answer.headers["retry-after"]

    @pytest.mark.parametrize(
        ("document", "says"),
        [
            ({"image_ids": []}, "the field 'image_ids' must not be empty"),
            ({"image_ids": [7]}, "an entry of the field 'image_ids' must be text"),
            ({"image_ids": ["0" * 32] * 1001}, "the field 'image_ids' must have at most 1,000 entries"),
            ({"image_ids": ID}, "the field 'image_ids' must be a list"),
            ({"image_ids": ["x"]}, "not an image id"),
            ({"image_ids": [ID], "sd": "Notes"}, "there is no field 'sd'"),
        ],
    )
    def test_what_cannot_be_meant_deletes_nothing(
        self, served: Served, document: dict[str, Any], says: str
    ) -> None:
        """422, in words of our own."""
        answer = served.post("/images/delete", document)
        assert answer.status_code == 422
        assert says in answer.json()["detail"]
        assert list_trash(served) == []

    def test_an_unknown_folder_or_parameter_deletes_nothing(self, served: Served) -> None:
        """A misspelled one must not widen what goes."""
        assert delete(served, sd="Nobody").status_code == 404
        assert delete(served, sds="Notes").status_code == 422
        assert served.client.delete(f"/api/v1/images/{ID}?dry_run=1&dry_run=0").status_code == 422
        assert list_trash(served) == []


class TestTrash:
    """What is in it is listed and seen."""

    def test_it_is_listed_latest_first_with_how_full_it_is(self, tmp_path: Path) -> None:
        """And until when each stays."""
        clock = FakeClock()
        root = make_storage_dir(tmp_path / "Notes", ONE, TWO)
        with open_store(tmp_path / "home", now=clock.now) as store:
            store.add_storage_dir(root)
            with serving(store) as served:
                assert served.get("/trash") == {
                    "trash": [], "used_bytes": 0, "max_bytes": 20 * 1024**3, "grace_days": 30,
                }  # fmt: skip
                delete(served)
                clock.pass_time(days=1)
                delete(served, OTHER_ID)
                found = served.get("/trash", sd="Notes")
                assert [each["image_id"] for each in found["trash"]] == [OTHER_ID, ID]
                assert found["used_bytes"] == len(ONE) + len(TWO)
                first = store.trash.list_entries()[1]
                assert found["trash"][1] == {
                    "image_id": ID, "sd_id": first.sd_id, "path": f"media/{name_of(ONE)}", "size_bytes": len(ONE),
                    "deleted_at": first.to_json()["trashed_at"], "reason": "deleted", "trash_id": first.trash_id,
                    "sd_path": str(root), "kept_until": found["trash"][1]["kept_until"],
                    "original_name": None,
                }  # fmt: skip
                kept_until = store.trash.describe().trash[1].kept_until
                assert kept_until - first.trashed_at == timedelta(days=30)

    def test_its_pictures_are_seen(self, served: Served) -> None:
        """The bytes, and a small copy, harmless and never kept without asking again."""
        delete(served)
        trash_id = list_trash(served)[0]["trash_id"]
        whole, small = read(served, trash_id), read(served, trash_id, w=40)
        assert (whole.content, whole.headers["content-type"]) == (ONE, "image/jpeg")
        assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")
        assert read(served, trash_id, w=40).content == small.content
        assert whole.headers["etag"] == f'"{hashlib.sha256(ONE).hexdigest()}"'
        for answer in (whole, small):
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "private, no-cache"
            again = read(
                served,
                trash_id,
                {"if-none-match": answer.headers["etag"]},
                **({"w": 40} if answer is small else {}),
            )
            assert (again.status_code, again.content) == (304, b"")

    def test_a_tile_that_was_seen_costs_no_decoder(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The small copy in the cache is of the same bytes."""
        seen = served.client.get(f"/i/{ID}?w=40").content
        delete(served)
        monkeypatch.setattr(served.store.thumbnails, "draw", None)
        assert read(served, list_trash(served)[0]["trash_id"], w=40).content == seen

    def test_bytes_that_are_no_picture_are_only_bytes(self, served: Served, tmp_path: Path) -> None:
        """Nothing may run, whatever a damaged file has become."""
        (tmp_path / "Notes/media" / name_of(ONE)).write_bytes(b"<script>alert(1)</script>")
        delete(served)
        trash_id = list_trash(served)[0]["trash_id"]
        answer = read(served, trash_id)
        assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == (
            "application/octet-stream",
            "nosniff",
        )
        assert read(served, trash_id, w=40).json()["code"] == "unsupported-image"

    def test_half_a_picture_has_no_small_copy(self, served: Served, tmp_path: Path) -> None:
        """422, so that nobody asks again."""
        half = make_picture("png", seed=9, size=(90, 90))
        put_half(tmp_path / "Notes", half)
        delete(served, id_of(half))
        answer = read(served, list_trash(served)[0]["trash_id"], w=40)
        assert (answer.status_code, answer.json()["code"]) == (422, "undecodable-picture")

    def test_what_is_too_large_is_not_read(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        """It would be in memory as a whole."""
        monkeypatch.setattr(trash_api, "MAX_PREVIEW_BYTES", len(ONE) - 1)
        delete(served)
        assert read(served, list_trash(served)[0]["trash_id"]).json()["code"] == "unsupported-image"

    @pytest.mark.parametrize("trash_id", ["x", "0" * 32, "..%2f..%2fcatalog.db", "%00"])
    def test_what_is_not_in_it_is_404(self, served: Served, trash_id: str) -> None:
        """No path leads out of it."""
        assert read(served, trash_id).status_code == 404


class TestLeaving:
    """Files come back, or leave for good."""

    def test_a_place_that_is_taken_is_a_problem(self, served: Served, tmp_path: Path) -> None:
        """What is there stays, and so does the deleted file."""
        delete(served)
        (tmp_path / "Notes/media" / name_of(ONE)).write_bytes(TWO)
        answer = served.post("/trash/restore", {"image_ids": [ID]})
        assert (answer.status_code, answer.json()["code"]) == (409, "place-taken")
        assert answer.json()["refused"][0]["path"] == f"media/{name_of(ONE)}"
        assert len(list_trash(served)) == 1

    def test_only_one_folder_gets_it_back(self, served: Served, tmp_path: Path) -> None:
        """That which is named. A dry run says so, and moves nothing."""
        with with_two_folders(served, tmp_path):
            delete(served, sd=["Notes", "More"])
            for dry_run, left in ((True, 2), (False, 1)):
                wanted = {"image_ids": [ID], "sd": "More", "dry_run": dry_run}
                answer = served.post("/trash/restore", wanted)
                assert [row["sd_name"] for row in answer.json()["plan"]] == ["More"]
                assert len(list_trash(served)) == left

    def test_it_is_emptied_only_if_somebody_insists(self, tmp_path: Path) -> None:
        """And then only of what has been there long enough."""
        clock = FakeClock()
        root = make_storage_dir(tmp_path / "Notes", ONE, TWO)
        with open_store(tmp_path / "home", now=clock.now) as store:
            store.add_storage_dir(root)
            with serving(store) as served:
                delete(served)
                assert served.post("/trash/empty", {"confirm": True}).json()["done"] == []
                assert served.post("/trash/empty", {}).status_code == 200, "nothing would leave"
                clock.pass_time(days=31)
                delete(served, OTHER_ID)
                refused = served.post("/trash/empty", {})
                assert (refused.status_code, refused.json()["code"]) == (409, "refused")
                assert "1 file" in refused.json()["detail"]
                tried = served.post("/trash/empty", {"dry_run": True, "confirm": True}).json()
                assert ([row["image_id"] for row in tried["plan"]], tried["done"]) == ([ID], [])
                assert len(list_trash(served)) == 2
                done = served.post("/trash/empty", {"sd": "Notes", "confirm": True}).json()["done"]
                assert [row["image_id"] for row in done] == [ID]
                assert [each["image_id"] for each in list_trash(served)] == [OTHER_ID]
