"""The inspector's button *Heal*, and the same over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of, make_storage_dir, name_of, put_half
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
