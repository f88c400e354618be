"""Quiet requests: a picture that cannot be shown now is nothing, not a problem."""

from __future__ import annotations

import re
from pathlib import Path

from builders.pictures import make_picture
from builders.served import serving
from builders.storage import id_of, make_storage_dir, name_of
from strandline.runtime.assembly import open_store

HERE, AWAY = (make_picture("png", seed=seed, size=(8, 8)) for seed in range(2))


def test_a_tile_of_what_is_in_the_cloud_asks_quietly(tmp_path: Path) -> None:
    """Its browser may have the picture; the server has none, and that is no error. Other requests get the reason."""
    root = make_storage_dir(tmp_path / "Notes", HERE)
    (root / "media" / f".{name_of(AWAY)}.icloud").write_bytes(b"x")
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        with serving(store) as served:
            (address,) = re.findall(rf'src="(/i/{id_of(AWAY)}[^"]*)"', served.client.get("/").text)
            answer = served.client.get(address.replace("&amp;", "&"))
            assert (answer.status_code, answer.content) == (204, b"")
            assert answer.headers["cache-control"] == "no-store"
            assert served.client.get(f"/i/{id_of(AWAY)}?w=400").status_code == 503
            assert served.client.get(f"/i/{'0' * 32}?quiet=1").status_code == 204
            assert served.client.get(f"/i/{'0' * 32}?quiet=2").status_code == 422
            assert served.client.get(f"/i/{id_of(HERE)}?w=400&quiet=1").status_code == 200
