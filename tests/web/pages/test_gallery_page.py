"""The gallery as the server draws it, before any script runs."""

from __future__ import annotations

from pathlib import Path

from builders.served import serving_storage_dir
from builders.storage import make_pictures


def test_the_gallery_of_a_folder_has_its_name(tmp_path: Path) -> None:
    """However the address calls it: by name, identity, or path."""
    with serving_storage_dir(tmp_path, *make_pictures(1)) as served:
        (sd,) = served.store.list_storage_dirs()
        for called in (sd.name, sd.sd_id, sd.path):
            page = served.client.get("/", params={"sd": called}).text
            assert f"<h1>{sd.name}</h1>" in page
            assert f'<option value="{sd.name}" selected>' in page
