"""``/i/{id}``: the right bytes, with headers that let browsers cache them, and never an unproven byte."""

from __future__ import annotations

import asyncio
import io
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from builders.pictures import KINDS, make_picture
from builders.served import LIMIT_S, Served, serving_storage_dir
from builders.storage import id_of, name_of, put_half, put_image, set_mtime
from strandline.model.media_types import sniff_media_type
from strandline.pictures.decoding import Thumbnail, make_thumbnail
from strandline.runtime.assembly import open_store
from strandline.web.images import waiting

PHOTO = make_picture("jpg", seed=1)
LEGACY_ID = "0b7e1f0a-5b8e-4c5f-9a50-3d1f8f2b6a11"
BROWSERS_SHOW = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml", "image/avif"}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """One photo, long unchanged, so that its proof is reliable."""
    with serving_storage_dir(tmp_path, PHOTO) as it:
        set_mtime(tmp_path / "Notes/media" / name_of(PHOTO), 100)
        it.store.get(id_of(PHOTO))
        yield it


@pytest.fixture
def photo(served: Served) -> str:
    """The URL of the photo."""
    return f"/i/{id_of(PHOTO)}"


def put_legacy(served: Served, tmp_path: Path, data: bytes) -> str:
    """Writes an image under a UUID. Returns its URL."""
    put_image(tmp_path / "Notes", data, f"{LEGACY_ID}.jpg")
    return f"/i/{LEGACY_ID}"


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_is_sent_as_browsers_can_show_it(served: Served, tmp_path: Path, kind: str) -> None:
    """Unchanged if browsers can show it. Otherwise converted and upright, unless the original is requested."""
    data = make_picture(kind, seed=7)
    put_image(tmp_path / "Notes", data)
    sniffed = sniff_media_type(data[:1024])
    assert sniffed is not None
    shown = served.client.get(f"/i/{id_of(data)}")
    original = served.client.get(f"/i/{id_of(data)}?original=1")
    assert (original.content, original.headers["content-type"]) == (data, sniffed.name)
    assert shown.headers["content-type"] in BROWSERS_SHOW
    if sniffed.shown_by_browsers:
        assert (shown.content, shown.headers["etag"]) == (data, original.headers["etag"])
    else:
        assert Image.open(io.BytesIO(shown.content)).size in {(64, 48), (48, 64)}
        assert shown.headers["etag"] != original.headers["etag"]


@pytest.fixture
def decoding_threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that called a decoder for a copy, in order. None is cached."""
    monkeypatch.setenv("STRANDLINE_PICTURES_THUMBNAIL_CACHE_BYTES", "0")
    threads = list[str]()

    def note_and_make(*args: Any, **kwargs: Any) -> Thumbnail:
        threads.append(threading.current_thread().name)
        return make_thumbnail(*args, **kwargs)

    monkeypatch.setattr("strandline.services.thumbnails.make_thumbnail", note_and_make)
    return threads


@pytest.mark.parametrize("is_broken", [False, True], ids=["whole", "broken"])
def test_decoders_are_asked_on_their_own_lane_only(
    decoding_threads: list[str], tmp_path: Path, *, is_broken: bool
) -> None:
    """Never on the event loop, even if a thumbnail or the original was just served."""
    data = make_picture("heic", seed=7)
    if is_broken:
        data = data[:-200] + bytes(200)
    with serving_storage_dir(tmp_path, data) as served:
        set_mtime(tmp_path / "Notes/media" / name_of(data), 100)
        served.store.get(id_of(data))
        url, statuses = f"/i/{id_of(data)}", list[int]()
        for query in ("", "", "?original=1", "", "?w=40", "?w=40", "?wait=5", ""):
            statuses.append(served.client.get(url + query).status_code)
    assert len(decoding_threads) == (1 if is_broken else 7)
    assert {name.rpartition("-")[0] for name in decoding_threads} == {"strandline-decoding"}
    assert statuses == [422 if is_broken and at != 2 else 200 for at in range(8)]


def test_bytes_win_over_the_name(served: Served, tmp_path: Path) -> None:
    """A PNG named ``.jpg`` is sent as a PNG."""
    data = make_picture("png", seed=8)
    put_image(tmp_path / "Notes", data, f"{id_of(data)}.jpg")
    assert served.client.get(f"/i/{id_of(data)}").headers["content-type"] == "image/png"


def test_a_content_id_lasts_and_a_legacy_id_is_asked_again(
    served: Served, photo: str, tmp_path: Path
) -> None:
    """Immutable, or revalidated each time. The tag is the hash in both cases."""
    lasting = served.client.get(photo).headers
    assert "immutable" in lasting["cache-control"]
    assert lasting["etag"].strip('"').startswith(id_of(PHOTO))
    url = put_legacy(served, tmp_path, PHOTO)
    asked = served.client.get(url).headers
    assert "no-cache" in asked["cache-control"]
    assert "immutable" not in asked["cache-control"]
    assert asked["etag"] == lasting["etag"]


def test_a_legacy_image_that_was_replaced_has_another_tag(served: Served, tmp_path: Path) -> None:
    """A client that revalidates gets the new bytes, even right after the old ones."""
    url = put_legacy(served, tmp_path, PHOTO)
    set_mtime(tmp_path / "Notes/media" / f"{LEGACY_ID}.jpg", 100)
    etag = [served.client.get(url) for _ in range(3)][-1].headers["etag"]
    other = make_picture("jpg", seed=2)
    put_image(tmp_path / "Notes", other, f"{LEGACY_ID}.jpg")
    again = served.client.get(url, headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (200, other)


@pytest.mark.parametrize(
    ("tags", "status"),
    [("{}", 304), ("*", 304), ('"x", W/{}', 304), ('"x"', 200), ("", 200), ("nonsense", 200)],
)
def test_what_the_client_has_is_not_sent_again(served: Served, photo: str, tags: str, status: int) -> None:
    """304 without a body, with the tag and caching headers of 200."""
    whole = served.client.get(photo)
    again = served.client.get(photo, headers={"if-none-match": tags.format(whole.headers["etag"])})
    assert again.status_code == status
    assert again.content == (b"" if status == 304 else PHOTO)
    for header in ("etag", "cache-control"):
        assert again.headers[header] == whole.headers[header]


SIZE = len(PHOTO)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        (f"bytes={SIZE - 5}-", slice(SIZE - 5, SIZE)),
        ("bytes=-7", slice(SIZE - 7, SIZE)),
        ("bytes=10-999999999", slice(10, SIZE)),
        (f"bytes=-{SIZE + 100}", slice(0, SIZE)),
        ("bytes=9-3", None),
        ("bytes=0-1,5-9", None),
        ("bytes=x-y", None),
        ("bytes=-", None),
        ("lines=0-9", None),
        ("bytes=0-99999999999999999999999", None),
    ],
)
def test_ranges(served: Served, photo: str, asked: str, part: slice | None) -> None:
    """206 with exactly those bytes. An unsupported range is answered with the whole."""
    response = served.client.get(photo, headers={"range": asked})
    if part is None:
        assert (response.status_code, response.content) == (200, PHOTO)
        assert "content-range" not in response.headers
    else:
        assert (response.status_code, response.content) == (206, PHOTO[part])
        assert response.headers["content-range"] == f"bytes {part.start}-{part.stop - 1}/{SIZE}"


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0"])
def test_a_range_beyond_the_end_is_416(served: Served, photo: str, asked: str) -> None:
    """It contains the size, so the client can correct its request."""
    response = served.client.get(photo, headers={"range": asked})
    assert (response.status_code, response.headers["content-range"]) == (416, f"bytes */{SIZE}")
    assert response.json()["code"] == "range-not-satisfiable"


def test_a_range_of_other_bytes_is_answered_with_the_whole(served: Served, photo: str) -> None:
    """``If-Range``: a download continues only if the image is still the same."""
    etag = served.client.get(photo).headers["etag"]
    for tag, status in ((etag, 206), ('"other"', 200), (f"W/{etag}", 200)):
        assert served.client.get(photo, headers={"range": "bytes=0-9", "if-range": tag}).status_code == status


@pytest.mark.parametrize("query", ["", "?w=20"])
def test_head_is_get_without_a_body(served: Served, photo: str, query: str) -> None:
    """Status and headers are the same."""
    head, get = served.client.head(photo + query), served.client.get(photo + query)
    ignored = {"date"}
    assert head.content == b""
    assert served.client.head(photo + query, headers={"range": "bytes=0-9"}).status_code == 200
    assert {k: v for k, v in head.headers.items() if k not in ignored} == {
        k: v for k, v in get.headers.items() if k not in ignored
    }


def test_a_large_image_is_sent_in_pieces_and_whole(served: Served, tmp_path: Path) -> None:
    """Larger than what is read at once: every byte arrives, also for a range that crosses pieces."""
    large = PHOTO + os.urandom(3_000_000)
    put_image(tmp_path / "Notes", large, f"{id_of(large)}.jpg")
    set_mtime(tmp_path / "Notes/media" / f"{id_of(large)}.jpg", 100)
    url = f"/i/{id_of(large)}"
    for _ in range(2):  # first proven by reading, then served from the open file
        assert served.client.get(url).content == large
    part = served.client.get(url, headers={"range": "bytes=5-2500000"})
    assert (part.status_code, part.content) == (206, large[5:2_500_001])


def test_a_thumbnail_is_small_and_has_a_tag_of_its_own(served: Served, photo: str) -> None:
    """It is cached as long as the image."""
    small = served.client.get(f"{photo}?w=20")
    assert max(Image.open(io.BytesIO(small.content)).size) == 20
    assert small.headers["etag"] == served.client.get(photo).headers["etag"][:-1] + '-w20"'
    assert "immutable" in small.headers["cache-control"]
    assert (
        served.client.get(f"{photo}?w=20", headers={"if-none-match": small.headers["etag"]}).status_code
        == 304
    )


@pytest.mark.parametrize(
    "query",
    [
        "w=0",
        "w=20000",
        "w=x",
        "w=-1",
        "w=²",
        "wait=x",
        "wait=301",
        "original=yes",
        "fetch=2",
        "width=200",
        "w=200&w=300",
        "key=a&key=b",
    ],
)
def test_a_query_that_makes_no_sense_is_422(served: Served, photo: str, query: str) -> None:
    """Never an internal error, and never something else than requested."""
    assert served.client.get(f"{photo}?{query}").status_code == 422


def test_no_copy_is_made_of_half_a_picture_that_was_saved_so(served: Served) -> None:
    """It will not be whole next time, so it is no error of the server, which would be tried again."""
    half = make_picture("jpg", seed=9, size=(200, 150))[:300]
    image_id = served.upload(half, "Notes").json()["saved"][0]["image_id"]
    small = served.client.get(f"/i/{image_id}?w=100")
    assert (small.status_code, small.json()["code"]) == (422, "undecodable-picture")
    assert "arriving" not in small.json()["detail"]
    assert served.client.get(f"/i/{image_id}").content == half


def test_half_an_image_is_never_sent(served: Served, tmp_path: Path) -> None:
    """503 with a problem that says it is arriving, then the whole image."""
    data = make_picture("png", seed=3)
    put_half(tmp_path / "Notes", data)
    response = served.client.get(f"/i/{id_of(data)}")
    assert (response.status_code, response.json()["code"]) == (503, "image-arriving")
    assert (response.headers["cache-control"], "retry-after" in response.headers) == ("no-store", True)
    put_image(tmp_path / "Notes", data)
    assert served.client.get(f"/i/{id_of(data)}").content == data


def test_a_file_that_is_overwritten_is_not_sent_under_its_id(
    served: Served, photo: str, tmp_path: Path
) -> None:
    """However often it was sent before. Once the good bytes are back, they are sent again."""
    path = tmp_path / "Notes/media" / name_of(PHOTO)
    assert [served.client.get(photo).status_code for _ in range(3)] == [200] * 3
    path.write_bytes(make_picture("jpg", seed=2))
    refused = served.client.get(photo)
    assert (refused.status_code, refused.json()["code"]) == (503, "image-arriving")
    path.write_bytes(PHOTO)
    assert served.client.get(photo).content == PHOTO


@pytest.mark.parametrize("query", ["", "?w=20", "?original=1"])
def test_an_edit_that_keeps_size_and_mtime_is_not_sent(
    served: Served, photo: str, tmp_path: Path, query: str
) -> None:
    """Such bytes were once sent as the image, to be cached for a year. Range and HEAD do not bypass the check."""
    path = tmp_path / "Notes/media" / name_of(PHOTO)
    assert served.client.get(photo + query).status_code == 200
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(len(PHOTO) // 2)
        file.write(bytes([PHOTO[len(PHOTO) // 2] ^ 0xFF]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    for _ in range(2):
        assert served.client.get(photo + query).status_code == 503
    assert served.client.get(photo + query, headers={"range": "bytes=0-9"}).status_code == 503
    assert served.client.head(photo + query).status_code == 503
    path.write_bytes(PHOTO)
    assert served.client.get(photo + query).status_code == 200


def test_a_link_in_the_media_folder_is_not_followed(served: Served, tmp_path: Path) -> None:
    """Other machines can create one."""
    data = make_picture("png", seed=4)
    (tmp_path / "outside.png").write_bytes(data)
    (tmp_path / "Notes/media" / name_of(data)).symlink_to(tmp_path / "outside.png")
    answer = served.client.get(f"/i/{id_of(data)}")
    assert (answer.status_code, answer.json()["code"]) == (404, "image-not-found")


def test_a_forgotten_storage_directory_serves_nothing(served: Served, photo: str) -> None:
    """From the next request on."""
    assert [served.client.get(photo).status_code for _ in range(2)] == [200, 200]
    served.client.delete("/api/v1/sds/Notes")
    assert served.client.get(photo).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/i/",
        "/i/x",
        "/i/%2e%2e%2fSD_ID",
        f"/i/{'0' * 33}",
        "/i/%E2%80%AE",
        f"/i/{id_of(PHOTO)}.jpg",
    ],
)
def test_what_is_no_id_never_touches_the_disk(served: Served, path: str) -> None:
    """It is rejected before anything is searched."""
    url = httpx.URL(served.address.url).copy_with(raw_path=path.encode())  # sent as written, not normalized
    response = served.client.send(httpx.Request("GET", url, headers=served.signed_in))
    assert (response.status_code, response.json()["code"]) == (422, "invalid-image-id")


def test_nothing_in_an_image_can_run(served: Served, tmp_path: Path) -> None:
    """An SVG with a script is sent with a policy that forbids everything."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    put_image(tmp_path / "Notes", svg, f"{id_of(svg)}.svg")
    headers = served.client.get(f"/i/{id_of(svg)}").headers
    assert headers["content-type"] == "image/svg+xml"
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in headers["content-security-policy"].split("; ")


def test_an_image_in_another_storage_directory_says_so(served: Served, photo: str, tmp_path: Path) -> None:
    """People who share only the given one cannot see it."""
    (tmp_path / "Other").mkdir()
    served.store.add_storage_dir(tmp_path / "Other")
    assert served.client.get(f"{photo}?sd=Other").headers["strandline-from-other-sd"] == "1"
    assert "strandline-from-other-sd" not in served.client.get(f"{photo}?sd=Notes").headers
    assert served.client.get(f"{photo}?sd=Nobody").status_code == 404


@pytest.mark.parametrize("by", ["this server", "another process"])
def test_a_request_that_waits_gets_the_image_when_it_comes(
    served: Served, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """An event wakes it, long before it would check again by itself."""
    monkeypatch.setattr(waiting, "FIRST_RELOOK_S", 600.0)
    is_waiting, data = threading.Event(), make_picture("png", seed=5)
    really_wait = asyncio.wait

    async def tell_and_wait(*args: Any, **kwargs: Any) -> Any:
        is_waiting.set()
        return await really_wait(*args, **kwargs)

    monkeypatch.setattr(asyncio, "wait", tell_and_wait)
    with ThreadPoolExecutor() as background:
        request = background.submit(served.client.get, f"/i/{id_of(data)}?wait=300")
        assert is_waiting.wait(LIMIT_S)
        if by == "this server":
            served.upload(data, "Notes")
        else:
            with open_store(served.store.home) as other:
                other.save(data, sd="Notes")
        assert request.result(LIMIT_S).content == data


def test_waiting_ends(served: Served) -> None:
    """They end in time, with the reason, and not before."""
    before = time.monotonic()
    assert served.client.get(f"/i/{'0' * 32}?wait=1").status_code == 404
    assert time.monotonic() - before >= 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_an_image_is_only_read(served: Served, photo: str, method: str) -> None:
    """405, with the allowed methods."""
    response = served.client.request(method, photo)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
