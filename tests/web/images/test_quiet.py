"""Quiet requests: a picture that cannot be shown now is nothing, not a problem."""

from __future__ import annotations

import re
from pathlib import Path

from builders.pictures import make_picture
from builders.served import serving, serving_storage_dir
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


def test_of_what_is_away_the_small_copy_from_before_is_shown(tmp_path: Path) -> None:
    """Its disk is not there, and people still see which pictures are on it. Who asks plainly gets the reason."""
    with serving_storage_dir(tmp_path, HERE) as served:
        served.store.scan()
        small, never = f"/i/{id_of(HERE)}?w=400", f"/i/{id_of(HERE)}?w=200"
        made = served.client.get(small)
        assert made.status_code == 200
        (tmp_path / "Notes").rename(tmp_path / "away")
        assert served.client.get(small).status_code == 503
        remembered = served.client.get(f"{small}&quiet=1")
        assert (remembered.status_code, remembered.content) == (200, made.content)
        assert remembered.headers["content-type"] == made.headers["content-type"]
        assert remembered.headers["cache-control"] == "no-store"
        assert remembered.headers["x-content-type-options"] == "nosniff"
        assert not served.client.head(f"{small}&quiet=1").content
        for other in (never, f"/i/{id_of(HERE)}?", "/i/" + "0" * 32 + "?w=400"):
            assert served.client.get(f"{other}&quiet=1".replace("?&", "?")).status_code == 204
        (tmp_path / "away").rename(tmp_path / "Notes")
        assert served.client.get(small).status_code == 200


def test_of_what_went_to_the_cloud_too(tmp_path: Path) -> None:
    """The sync client took the bytes away to make room. Nothing is fetched for a tile."""
    with serving_storage_dir(tmp_path, HERE) as served:
        served.store.scan()
        small = f"/i/{id_of(HERE)}?w=400"
        made = served.client.get(small)
        media = tmp_path / "Notes" / "media"
        (media / name_of(HERE)).unlink()
        (media / f".{name_of(HERE)}.icloud").write_bytes(b"x")
        served.store.scan()
        assert served.client.get(small).status_code == 503
        assert served.client.get(f"{small}&quiet=1").content == made.content
