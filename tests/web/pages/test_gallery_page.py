"""The gallery as the server draws it, before any script runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.pages import drop_rows, fill_catalog
from builders.served import serving_storage_dir
from builders.storage import make_pictures
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
