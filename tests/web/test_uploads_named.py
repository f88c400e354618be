"""Uploads into a folder of named pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.named_pictures import make_named_picture
from builders.pictures import make_picture
from builders.served import Served, serving
from strandline.runtime.assembly import open_store

ONE, TWO, THREE = (make_picture("png", seed=seed, size=(8, 8)) for seed in range(3))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A vault with a picture and a note."""
    root = tmp_path / "Vault"
    (root / "Work").mkdir(parents=True)
    (root / ".obsidian").mkdir()
    (root / ".obsidian/app.json").write_text('{"attachmentFolderPath": "./"}')
    (root / "Work/Note.md").touch()
    (root / "old.png").write_bytes(ONE)
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        with serving(store) as served:
            yield served


def test_a_raw_upload_is_saved_for_a_note(served: Served, tmp_path: Path) -> None:
    """Beside it, with Markdown that works in it. A second time it is there already."""
    query = {"sd": "Vault", "name": "a b.png", "note": "Work/Note.md"}
    for status in (201, 200):
        answer = served.client.post("/api/v1/images", params=query, content=TWO)
        assert answer.status_code == status, answer.text
        (saved,) = answer.json()["saved"]
        assert (saved["path"], saved["markdown"]) == ("Work/a b.png", "![a b](a%20b.png)")
    assert (tmp_path / "Vault/Work/a b.png").read_bytes() == TWO


def test_other_formats_are_uploaded(served: Served, tmp_path: Path) -> None:
    """And sent as what they are, or converted if no browser shows them; never as something that could run."""
    data = make_named_picture("tiff")
    answer = served.client.post("/api/v1/images", params={"sd": "Vault", "name": "scan.tiff"}, content=data)
    assert answer.status_code == 201, answer.text
    (saved,) = answer.json()["saved"]
    assert (saved["path"], saved["media_type"]) == ("scan.tif", "image/tiff")
    assert (tmp_path / "Vault/scan.tif").read_bytes() == data
    shown = served.client.get(f"/i/{saved['image_id']}")
    original = served.client.get(f"/i/{saved['image_id']}?original=1")
    assert (shown.headers["content-type"], original.headers["content-type"]) == ("image/webp", "image/tiff")
    for each in (shown, original):
        assert each.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in each.headers["content-security-policy"]
    assert original.content == data


def test_a_form_is_saved_where_pictures_are(served: Served) -> None:
    """Without a note: beside the others. The gallery offers the folder."""
    files = [("files", ("old.png", data)) for data in (ONE, TWO, THREE)]
    answer = served.client.post("/api/v1/images?sd=Vault", files=files)
    assert [saved["path"] for saved in answer.json()["saved"]] == ["old.png", "old 1.png", "old 2.png"]
    assert 'name="sd" value="Vault"' in served.client.get("/").text


@pytest.mark.parametrize(("note", "status"), [("gone.md", 404), ("../x.md", 422), ("/etc/passwd", 422)])
def test_a_note_must_be_there(served: Served, note: str, status: int) -> None:
    """In the folder."""
    answer = served.client.post("/api/v1/images", params={"sd": "Vault", "note": note}, content=TWO)
    assert answer.status_code == status
