"""HEAD: every address that can be read answers it as it would answer GET, without the body (RFC 9110)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from builders.pictures import make_picture
from builders.sampling import take_sample
from builders.served import LIMIT_S, Served, serving_storage_dir
from builders.storage import id_of
from strandline.web.access import NEEDS

PHOTO = make_picture("jpg", seed=1)
READ = sorted(path for method, path in NEEDS if method == "GET")
KINDS = ["/folders", "/api/v1/sds", "/api/v1/catalog/export", "/sign-in", "/healthz", "/static/{path:path}"]
"""Asked every day: one of each kind."""

IN_ITS_PLACE = {
    "{sd}": "Notes",
    "{image_id}": id_of(PHOTO),
    "{code}": "sd-not-found",
    "{path:path}": "mark.svg",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One picture in the storage directory ``Notes``."""
    with serving_storage_dir(tmp_path_factory.mktemp("head"), PHOTO) as it:
        yield it


def test_every_page_and_resource_answers_head(served: Served) -> None:
    """Status and type are those of GET."""
    for template in {*KINDS, *take_sample(READ, "head")}:
        path = "/".join(
            IN_ITS_PLACE.get(part, "1") if part.startswith("{") else part for part in template.split("/")
        )
        head = served.client.head(path)
        assert head.content == b""
        with served.client.stream("GET", path) as get:
            shown = [each.headers.get("content-type") for each in (head, get)]
            assert (head.status_code, shown[0]) == (get.status_code, shown[1]), path


def test_the_head_of_a_stream_keeps_nobody_listening(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It has no end, so nobody would ever free its place."""
    with serving_storage_dir(tmp_path_factory.mktemp("stream")) as served:
        head = served.client.head("/api/v1/events")
        assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        deadline = time.monotonic() + LIMIT_S
        while served.app.backend.live._listeners and time.monotonic() < deadline:
            time.sleep(0.001)
        assert not served.app.backend.live._listeners


def test_the_head_of_what_cannot_be_read_says_what_can_be_done(served: Served) -> None:
    """As for every other wrong method."""
    answer = served.client.head("/api/v1/export")
    assert (answer.status_code, answer.headers["allow"], answer.content) == (405, "POST", b"")
