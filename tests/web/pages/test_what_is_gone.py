"""Images that are gone: confirmed, named, and accepted as gone, with plain forms."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from builders.served import serving_storage_dir
from builders.storage import make_pictures
from strandline.model import states
from strandline.web.pages.words import title_of


def test_what_is_gone_is_confirmed_and_dropped_without_scripts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same as in the API, with two forms. Each reports its result. First they are named."""
    with serving_storage_dir(tmp_path, *make_pictures(12)) as served:
        for image in (tmp_path / "Notes/media").iterdir():
            image.unlink()
        served.store.scan()
        assert served.get("/sds/Notes")["sd"]["state"] == "suspect"
        assert "Confirmed: Notes is online." in served.client.post("/folders/Notes/confirm").text
        monkeypatch.setattr(states, "MISSING_AFTER", timedelta(0))
        served.store.scan()
        ids = [row.image_id for row in served.store.list_missing("Notes") if row.image_id]
        assert len(ids) == 12
        for page in ("/folders", "/inspect/Notes"):
            said = served.client.get(page).text
            assert "Accept that 12 missing images are gone</summary>" in said
            for image_id in ids[:10]:
                assert f"<bdi>{title_of(served.store.info(image_id))}</bdi>" in said
            assert "and 2 more images" in said
        said = served.client.post("/folders/Notes/accept-missing").text
        assert "Nothing was accepted: tick the box" in said
        assert len(served.store.list_missing("Notes")) == 12
        said = served.client.post("/folders/Notes/accept-missing", data={"sure": "1"}).text
        assert "12 missing images are no longer listed." in said
        assert served.get("/sds/Notes")["sd"]["images"] == 0
