"""Copying and moving over HTTP: the rows of the command line, and problems if nothing could be done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import id_of, name_of
from strandline.web.api import transfers

ONE, TWO = (make_picture("jpg", seed=seed, size=(90, 60)) for seed in (1, 2))
ID, OTHER_ID = id_of(ONE), id_of(TWO)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """``Notes`` has two images, and ``Vault`` none, only a note."""
    with serving_storage_dir(tmp_path, ONE, TWO) as it:
        it.store.scan()
        (tmp_path / "Vault").mkdir()
        (tmp_path / "Vault/Note.md").write_text("![](sea.jpg)")
        it.store.add_storage_dir(tmp_path / "Vault", layout="named")
        yield it


def test_images_are_copied(served: Served, tmp_path: Path) -> None:
    """A dry run writes nothing. The second time, nothing is written."""
    wanted = {"image_ids": [ID, OTHER_ID], "to": "Vault"}
    tried = served.post("/images/copy", wanted | {"dry_run": True})
    assert (tried.status_code, len(tried.json()["plan"]), tried.json()["done"]) == (200, 2, [])
    assert len(list((tmp_path / "Vault").iterdir())) == 1
    done = served.post("/images/copy", wanted).json()
    assert [row["sd_name"] for row in done["done"]] == ["Vault", "Vault"]
    assert done["copied"] == done["done"]
    again = served.post("/images/copy", wanted).json()
    assert (again["done"], again["copied"], again["refused"]) == (done["done"], [], [])


def test_if_nothing_could_be_done_it_is_a_problem(served: Served) -> None:
    """With the same keys."""
    answer = served.post("/images/copy", {"image_ids": ["0" * 32], "to": "Vault"})
    assert (answer.status_code, answer.json()["code"], len(answer.json()["refused"])) == (
        404,
        "image-not-found",
        1,
    )
    assert served.post("/images/copy", {"image_ids": [ID], "to": "Nowhere"}).status_code == 404
    assert served.post("/images/copy", {"image_ids": ["x"], "to": "Vault"}).status_code == 422


def test_images_are_moved_unless_notes_use_them(served: Served, tmp_path: Path) -> None:
    """With ``confirm`` even then. A note stands for its pictures."""
    (tmp_path / "Vault/sea.jpg").write_bytes(ONE)
    served.store.scan("Vault")
    note = str(tmp_path / "Vault/Note.md")
    refused = served.post("/images/move", {"to": "Notes", "note": note})
    assert (refused.status_code, refused.json()["code"]) == (409, "image-in-use")
    assert [use["note"] for use in refused.json()["uses"]] == ["Note.md"]
    moved = served.post("/images/move", {"to": "Notes", "from": "Vault", "note": note, "confirm": True})
    assert [row["path"] for row in moved.json()["done"]] == ["sea.jpg"]
    assert moved.json()["copied"] == []
    back = served.post("/images/move", {"image_ids": [OTHER_ID], "to": "Vault"})
    assert (back.status_code, [row["path"] for row in back.json()["done"]]) == (
        200,
        [f"media/{name_of(TWO)}"],
    )


def test_a_note_outside_is_not_looked_for(served: Served, tmp_path: Path) -> None:
    """Nobody learns what is there."""
    (tmp_path / "Secret.md").write_text("![](sea.jpg)")
    answers = [
        served.post("/images/copy", {"to": "Notes", "note": str(tmp_path / name)})
        for name in ("Secret.md", "None.md")
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "sd-not-found")] * 2


def test_all_that_a_query_means_is_copied_in_steps(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step says where the next one begins. What is not clear is refused."""
    monkeypatch.setattr(transfers, "MOST_AT_ONCE", 1)
    wanted = {"all": True, "to": "Vault"}
    first = served.post("/images/copy?sd=Notes&type=jpg", wanted).json()
    second = served.post("/images/copy?sd=Notes&type=jpg", wanted | {"after": first["next"]}).json()
    assert {row["image_id"] for step in (first, second) for row in step["copied"]} == {ID, OTHER_ID}
    assert second["next"] is None
    assert served.post("/images/copy?type=png", wanted).json()["plan"] == []
    for query, unclear in (
        ("?type=jpg", {"image_ids": [ID]}),
        ("", {"image_ids": [ID], "all": True}),
        ("", {"after": first["next"]}),
    ):
        assert served.post(f"/images/copy{query}", unclear | {"to": "Vault"}).status_code == 422


def test_all_that_a_query_means_is_moved(served: Served) -> None:
    """From the folder that is named."""
    moved = served.post("/images/move?sd=Notes", {"all": True, "to": "Vault", "from": "Notes"}).json()
    assert ({row["image_id"] for row in moved["done"]}, moved["next"]) == ({ID, OTHER_ID}, None)
    assert served.get("/images", sd="Notes")["total"] == 0
