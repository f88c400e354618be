"""The gallery as the server draws it, before any script runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.pages import drop_rows, fill_catalog
from builders.pictures import make_picture
from builders.served import serving, serving_storage_dir
from builders.storage import make_pictures
from strandline.runtime.assembly import open_store
from strandline.services import gallery


def test_the_gallery_of_a_folder_has_its_name(tmp_path: Path) -> None:
    """However the address calls it: by name, identity, or path."""
    with serving_storage_dir(tmp_path, *make_pictures(1)) as served:
        (sd,) = served.store.list_storage_dirs()
        for called in (sd.name, sd.sd_id, sd.path):
            page = served.client.get("/", params={"sd": called}).text
            assert f"<h1>{sd.name}</h1>" in page
            assert f'<option value="{sd.name}" selected>' in page


def test_the_first_look_after_many_have_gone_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if counting them takes longer than a request should: nobody tells a page that was drawn already."""
    monkeypatch.setattr(gallery, "QUICK_S", -1.0)  # as on a busy machine
    with serving_storage_dir(tmp_path) as served:
        ids = fill_catalog(served.store, 1, 600)
        assert "600 images</p>" in served.client.get("/").text
        drop_rows(served.store, 1, ids[:550])
        assert "50 images</p>" in served.client.get("/").text


def test_how_far_the_reading_is_comes_before_what_is_not_read(tmp_path: Path) -> None:
    """After a first look at a vault, all of its pictures are found, and none is read: one line, not sixty tiles."""
    vault = tmp_path / "Vault"
    for number in range(20):
        folder = vault / f"Trip {number}"
        folder.mkdir(parents=True)
        (folder / "a.png").write_bytes(make_picture("png", seed=number))
    (vault / "note.md").write_text("")
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(vault, prove_all=False)
        with serving(store) as served:
            text = served.client.get("/?sd=Vault").text
            assert "20 pictures found, 0 read so far." in text
            assert (
                text.index("found, 0 read")
                < text.index('id="waiting-files"')
                < text.index('aria-label="a.png, ')
            )
            store.scan()
            text = served.client.get("/?sd=Vault").text
    assert "read so far" not in text
    assert 'id="waiting"' not in text
    assert "8 more folders</summary>" in text
