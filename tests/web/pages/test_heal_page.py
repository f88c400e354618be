"""The inspector's button *Heal*, and the same over HTTP."""

from __future__ import annotations

import html
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of, make_storage_dir, name_of, put_half, put_image
from strandline.runtime.assembly import open_store

ONE, TWO = (make_picture("png", seed=seed) for seed in (1, 2))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An image is half in one storage directory, and whole in the other one; of another one, there is only half."""
    one, two = make_storage_dir(tmp_path / "One"), make_storage_dir(tmp_path / "Two", ONE)
    for data in (ONE, TWO):
        put_half(one, data)
    with open_store(tmp_path / "home") as store:
        for root in (one, two):
            store.add_storage_dir(root)
        for data in (ONE, TWO):
            store.explain(id_of(data))
        with serving(store) as served:
            yield served


def read(text: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_what_can_be_healed_is_healed_and_the_rest_is_told(served: Served, tmp_path: Path) -> None:
    """Failures first. The page shows the folder as it is then."""
    page = served.client.get("/inspect/One").text
    assert 'action="/inspect/One/heal"' in page or "/heal" in page
    answer = served.client.post("/inspect/One/heal")
    words = read(answer.text)
    assert answer.status_code == 200
    assert "1 file could not be healed" in words
    assert "look for them in a backup" in words
    assert f"{name_of(ONE)}&#39; is healed" in words or f"{name_of(ONE)}' is healed" in words
    assert (tmp_path / "One" / "media" / name_of(ONE)).read_bytes() == ONE
    assert served.client.post("/inspect/Nowhere/heal").status_code == 404


def test_over_http_it_says_which(served: Served, tmp_path: Path) -> None:
    """First only what could be healed."""
    could = served.client.post("/api/v1/sds/One/heal?dry_run=1").json()
    assert (len(could["plan"]), could["done"], [row["code"] for row in could["refused"]]) == (
        2,
        [],
        ["entry-not-found"],
    )
    assert (tmp_path / "One" / "media" / name_of(ONE)).read_bytes() != ONE
    healed = served.client.post("/api/v1/sds/One/heal").json()
    assert [row["image_id"] for row in healed["done"]] == [id_of(ONE)]
    assert [row["image_id"] for row in healed["refused"]] == [id_of(TWO)]


class TestImagePage:
    """The page of an image with wrong bytes under its name."""

    @pytest.fixture
    def photo(self, served: Served, tmp_path: Path) -> bytes:
        """A photo that is whole in the trash, and nowhere else; its file was proven an hour ago."""
        photo = make_picture("jpg", size=(320, 240))
        for name in ("One", "Two"):
            put_image(tmp_path / name, photo)
            served.store.scan(name)
        served.store.get(id_of(photo), "One").close()
        served.store.delete(served.store.plan_delete([id_of(photo)], sds=["Two"]))
        return photo

    def change(self, served: Served, root: Path, photo: bytes, *, keeps_time: bool) -> None:
        """Some of its bytes are others."""
        path = root / "media" / name_of(photo)
        before = path.stat()
        data = bytearray(photo)
        data[-40] ^= 0x11
        path.write_bytes(bytes(data))
        if keeps_time:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        else:
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns - 10**12))
        served.store.explain(id_of(photo))

    def test_what_the_disk_changed_is_called_damaged_and_restored(
        self, served: Served, tmp_path: Path, photo: bytes
    ) -> None:
        """The right bytes are in the trash. Nobody is asked to keep the wreck, and it is no new image."""
        self.change(served, tmp_path / "One", photo, keeps_time=True)
        page = served.client.get(f"/image/{id_of(photo)}").text
        assert "is damaged in 'One': the disk changed its bytes" in read(html.unescape(page))
        assert ("damaged on disk" in page, "another image" in page) == (True, False)
        assert ("Restore the original" in page, "Adopt as a new image" in page) == (True, False)
        answer = served.client.post(f"/image/{id_of(photo)}/restore", data={"sd": "One"})
        assert "The original is back" in read(answer.text)
        assert "the other picture" not in answer.text
        assert (tmp_path / "One" / "media" / name_of(photo)).read_bytes() == photo
        assert len(os.listdir(tmp_path / "One" / "media")) == 3  # with the two half ones

    def test_what_somebody_wrote_is_kept_and_the_result_says_so(
        self, served: Served, tmp_path: Path, photo: bytes
    ) -> None:
        """With a link to it."""
        self.change(served, tmp_path / "One", photo, keeps_time=False)
        limit = time.monotonic() + 20
        while "Adopt as a new image" not in (page := served.client.get(f"/image/{id_of(photo)}").text):
            assert time.monotonic() < limit, "it is never called another image"
        assert ("Restore the original" in page, "Adopt as a new image" in page) == (True, True)
        answer = served.client.post(f"/image/{id_of(photo)}/restore", data={"sd": "One"})
        assert "The other picture that was there is kept as" in read(answer.text)
        assert "Show the other picture" in answer.text

    def test_without_the_right_bytes_nothing_is_offered(
        self, served: Served, tmp_path: Path, photo: bytes
    ) -> None:
        """A button that must fail is none."""
        rmtree(tmp_path / "home" / "trash")
        self.change(served, tmp_path / "One", photo, keeps_time=True)
        page = served.client.get(f"/image/{id_of(photo)}").text
        assert ("damaged on disk" in page, "Restore the original" in page) == (True, False)
