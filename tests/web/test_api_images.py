"""Images over HTTP: listed by month and cursor, filtered, described, explained, and saved."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import LIMIT_S, Served, serving_storage_dir
from builders.storage import id_of, make_storage_dir, put_half
from strandline.services import gallery
from strandline.web.api import images

DAYS = [datetime(2024, month, day, 12, tzinfo=UTC) for month in (5, 6, 7) for day in (1, 20)]
PHOTOS = [make_picture("jpg", seed=number, taken_at=day) for number, day in enumerate(DAYS)]
NEWEST_FIRST = [id_of(photo) for photo in reversed(PHOTOS)]


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Six photos of three months, each proven, so that their dates are known. Every walk over them is quick."""
    monkeypatch.setattr(gallery, "QUICK_S", LIMIT_S)
    with serving_storage_dir(tmp_path, *PHOTOS) as it:
        for image_id in NEWEST_FIRST:
            it.store.get(image_id)
        yield it


def ids(page: dict[str, list[dict[str, str]]]) -> list[str]:
    """The ids on a page."""
    return [image["image_id"] for image in page["images"]]


def test_pages_by_cursor_are_the_whole_list_once(served: Served) -> None:
    """Newest first. ``next`` is null at the end. The total counts all pages."""
    first = served.get("/images", limit=4)
    second = served.get("/images", limit=4, after=first["next"])
    assert ids(first) + ids(second) == NEWEST_FIRST
    assert (first["total"], second["next"]) == (6, None)


def test_months_are_counted_and_entered_anywhere(served: Served) -> None:
    """The counts match the months, and a page from inside a month continues into older ones."""
    months = served.get("/images/months")
    assert months["months"] == [{"month": f"2024-0{month}", "count": 2} for month in (7, 6, 5)]
    assert (months["total"], months["fresh"]) == (6, True)
    assert ids(served.get("/images", at="2024-06", offset=1, limit=2)) == NEWEST_FIRST[3:5]
    assert served.get("/images", at="2024-06", offset=2)["images"] == []
    assert served.get("/images", at="1999-01")["images"] == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"from": "2024-06-01", "to": "2024-06-20"}, NEWEST_FIRST[2:4]),
        ({"from": "2024-07-20"}, NEWEST_FIRST[:1]),
        ({"month": "2024-06"}, NEWEST_FIRST[2:4]),
        ({"month": "2024-06", "from": "2024-06-20"}, NEWEST_FIRST[2:3]),
        ({"reverse": "true"}, NEWEST_FIRST[::-1]),
        ({"month": "2024-06", "reverse": "true"}, NEWEST_FIRST[2:4][::-1]),
        ({"to": "2024-05-01"}, NEWEST_FIRST[5:]),
        ({"q": NEWEST_FIRST[2][:9].upper()}, NEWEST_FIRST[2:3]),
        ({"q": "%"}, []),
        ({"type": "jpg"}, NEWEST_FIRST),
        ({"type": "image/png"}, []),
        ({"state": "damaged"}, []),
        ({"sd": "Notes", "state": "present"}, NEWEST_FIRST),
    ],
)
def test_filters(served: Served, query: dict[str, str], expected: list[str]) -> None:
    """The same filters select the same images for the page, its total, and the months."""
    page = served.get("/images", **query)
    assert (ids(page), page["total"]) == (expected, len(expected))
    assert served.get("/images/months", **query)["total"] == len(expected)


def test_the_latest_arrival_comes_first_if_asked(served: Served) -> None:
    """Although it was taken before the others. Its pages are in this order, too, and its cursors are its own."""
    old = make_picture("jpg", seed=70, taken_at=datetime(2020, 1, 1, tzinfo=UTC))
    saved = served.upload(old, "Notes").json()["saved"][0]
    page = served.get("/images", sort="arrived", limit=3)
    assert ids(page)[0] == saved["image_id"]
    rest = served.get("/images", sort="arrived", limit=100, after=page["next"])
    assert sorted(ids(page) + ids(rest)) == sorted([*NEWEST_FIRST, saved["image_id"]])
    assert ids(served.get("/images", sort="arrived", reverse="true"))[-1] == saved["image_id"]
    assert served.client.get(f"/api/v1/images?after={page['next']}").json()["code"] == "invalid-cursor"
    (now,) = served.get("/images/months", sort="arrived")["months"]
    assert ids(served.get("/images", sort="arrived", at=now["month"], limit=1)) == [saved["image_id"]]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the request body is empty; send the bytes of an image"),
        (b'{"image": 1}', "the data is not an image of a supported type"),
    ],
)
def test_a_body_that_is_no_image_is_called_so(served: Served, data: bytes, words: str) -> None:
    """In the words of a request."""
    assert served.upload(data, "Notes").json()["detail"].startswith(words)


def test_an_unknown_parameter_is_named(served: Served) -> None:
    """With those that there are, so a filter that does nothing is no surprise."""
    detail = served.client.get("/api/v1/images?limt=2&q=x").json()["detail"]
    assert detail.startswith(
        "/api/v1/images has no parameter 'limt'; it has after, at, folder, from, limit, month,"
    )


@pytest.mark.parametrize("name", ["token", "key"])
def test_a_secret_in_the_address_is_a_parameter_like_any_other(served: Served, name: str) -> None:
    """It would do nothing, and be in every log and history. The answer does not repeat it."""
    response = served.client.get(f"/api/v1/sds?{name}=abc123secret")
    assert (response.status_code, response.json()["code"]) == (422, "invalid-input")
    assert f"has no parameter '{name}'" in response.json()["detail"]
    assert "abc123secret" not in response.text
    image_id = served.upload(make_picture("png", seed=77), "Notes").json()["saved"][0]["image_id"]
    assert served.client.get(f"/i/{image_id}?token=abc123secret").status_code == 422


def test_a_search_finds_original_names(served: Served) -> None:
    """Any part of it, ignoring letter case. ``%`` and ``_`` are literal."""
    saved = served.upload(make_picture("png", seed=50), "Notes", "100%_holiday.png").json()["saved"][0]
    for text in ("Holiday", "100%_", "day.PNG"):
        assert ids(served.get("/images", q=text)) == [saved["image_id"]]
    assert ids(served.get("/images", q="100_")) == []


def test_a_change_is_seen_by_the_next_request(served: Served) -> None:
    """Even if another store on the same home makes it."""
    before = served.get("/images/months")
    served.upload(make_picture("png", seed=51), "Notes")
    after = served.get("/images/months")
    assert (after["total"], after["version"] != before["version"]) == (7, True)


def test_details_of_an_image(served: Served) -> None:
    """The content of ``info --json``, with Markdown and URLs; its files; its explanation."""
    image_id = NEWEST_FIRST[0]
    details = served.get(f"/images/{image_id.upper()}")
    assert details["taken_at"].startswith("2024-07-20T12:00:00")
    assert details["markdown"] == f"![{image_id}](media/{image_id}.jpg)"
    assert details["urls"] == {"bytes": f"/i/{image_id}", "thumbnail": f"/i/{image_id}?w=400"}
    assert served.get(f"/images/{image_id}/files")["files"] == details["files"]
    assert served.get(f"/images/{image_id}/explanation")["verdict"] == "shown"
    head, _, body = served.get(f"/images/{image_id}/data-url")["data_url"].partition(",")
    assert (head, base64.b64decode(body)) == ("data:image/jpeg;base64", PHOTOS[-1])


def test_a_large_image_is_no_data_url(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would need several times its size in memory. The answer says where it is."""
    image_id = NEWEST_FIRST[0]
    monkeypatch.setattr(images, "DATA_URL_BYTES", len(PHOTOS[-1]) - 1)
    answer = served.client.get(f"/api/v1/images/{image_id}/data-url")
    assert (answer.status_code, answer.json()["code"]) == (413, "image-too-large")
    assert f"/i/{image_id}" in answer.json()["detail"]


def test_raw_bytes_are_saved(served: Served) -> None:
    """201 with the content of ``save --json``. The same bytes again give 200 and are not new."""
    data = make_picture("webp", seed=9)
    first, again = (served.upload(data, "Notes", "sea.webp") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    [saved] = first.json()["saved"]
    assert (saved["image_id"], saved["new"], saved["source"]) == (id_of(data), True, "sea.webp")
    assert saved["markdown"] == f"![sea](media/{saved['filename']})"
    assert again.json()["saved"] == [saved | {"new": False}]
    assert served.store.get(id_of(data)).read() == data


def test_a_form_of_several_files_tells_of_each(served: Served) -> None:
    """A file that is no image does not prevent the others from being saved."""
    files = [("a.png", make_picture("png", seed=9)), ("b.txt", b"hello"), ("c.jpg", PHOTOS[0])]
    response = served.client.post(
        "/api/v1/images", params={"sd": "Notes"}, files=[("files", file) for file in files]
    )
    assert response.status_code == 201
    assert [(one["source"], one["new"]) for one in response.json()["saved"]] == [
        ("a.png", True),
        ("c.jpg", False),
    ]
    assert [(one["source"], one["code"]) for one in response.json()["failed"]] == [
        ("b.txt", "unsupported-image")
    ]


@pytest.mark.parametrize(
    ("sd", "data", "status", "code"),
    [
        ("Nobody", PHOTOS[0], 404, "sd-not-found"),
        ("Away", PHOTOS[0], 503, "sd-offline"),
        ("Notes", b"hello", 422, "unsupported-image"),
    ],
)
def test_a_form_of_which_nothing_was_saved_failed(
    served: Served, tmp_path: Path, sd: str, data: bytes, status: int, code: str
) -> None:
    """The answer is the problem of the first file, with all files listed, so nobody takes it for success."""
    served.store.add_storage_dir(make_storage_dir(tmp_path / "Away"))
    (tmp_path / "Away").rename(tmp_path / "gone")
    files = [("files", (name, data)) for name in ("a.png", "b.png")]
    response = served.client.post("/api/v1/images", params={"sd": sd}, files=files)
    problem = response.json()
    assert (response.status_code, problem["code"], problem["saved"]) == (status, code, [])
    assert response.headers["content-type"] == "application/problem+json"
    assert ("retry-after" in response.headers) == (status == 503)
    assert [(one["source"], one["code"]) for one in problem["failed"]] == [("a.png", code), ("b.png", code)]


@pytest.mark.parametrize(
    ("query", "data", "status", "code"),
    [
        ({"sd": "Notes"}, b"", 422, "empty-image"),
        ({"sd": "Notes"}, b"hello", 422, "unsupported-image"),
        ({"sd": "Nobody"}, PHOTOS[0], 404, "sd-not-found"),
        ({"sd": "Notes", "id": "0" * 32}, PHOTOS[0], 422, "image-id-mismatch"),
        ({"sd": "Notes", "id": "../x"}, PHOTOS[0], 422, "invalid-image-id"),
        ({}, PHOTOS[0], 422, "invalid-input"),
    ],
)
def test_what_cannot_be_saved_is_a_problem(
    served: Served, query: dict[str, str], data: bytes, status: int, code: str
) -> None:
    """A single failure determines the status. Nothing is left behind."""
    response = served.client.post("/api/v1/images", params=query, content=data)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert served.get("/images")["total"] == len(PHOTOS)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/images/xyz", 422, "invalid-image-id"),
        (f"/images/{'0' * 32}", 404, "image-not-found"),
        (f"/images/{'0' * 32}/files", 404, "image-not-found"),
        (f"/images/{'0' * 32}/data-url", 404, "image-not-found"),
        ("/images?after=nonsense", 422, "invalid-cursor"),
        ("/images?from=yesterday", 422, "invalid-input"),
        ("/images?from=2024-13-01", 422, "invalid-input"),
        ("/images?to=9999-12-32", 422, "invalid-input"),
        ("/images?offset=3", 422, "invalid-input"),
        ("/images?state=lost", 422, "invalid-input"),
        ("/images?type=movie", 422, "invalid-input"),
        ("/images?month=May", 422, "invalid-input"),
        ("/images?month=2026-13", 422, "invalid-input"),
        ("/images?month=٢٠٢٤-٠٥", 422, "invalid-input"),
        ("/images?at=2026-13", 422, "invalid-input"),
        ("/images?at=2024-05&after=x", 422, "invalid-input"),
        ("/images?sort=size", 422, "invalid-input"),
        ("/images?limt=2", 422, "invalid-input"),
        ("/images?limit=2&limit=3", 422, "invalid-input"),
        ("/images?from=2026-03-02&to=2026-03-01", 422, "invalid-input"),
        ("/images?from=2026-03-02&month=2026-02", 422, "invalid-input"),
        ("/images/months?at=2024-05", 422, "invalid-input"),
        ("/sds?state=online", 422, "invalid-input"),
    ],
)
def test_what_cannot_be_meant_is_a_problem(served: Served, path: str, status: int, code: str) -> None:
    """With a code, never an internal error."""
    response = served.client.get(f"/api/v1{path}")
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("given", "facts"),
    [
        ("month=2026-13", {"parameter": "month", "value": "2026-13"}),
        ("at=May", {"parameter": "at", "value": "May"}),
        ("from=soon", {"parameter": "from", "value": "soon"}),
        ("state=lost", {"parameter": "state", "value": "lost"}),
        ("sort=size", {"parameter": "sort", "value": "size"}),
        ("limit=x", {"parameter": "limit"}),
        ("limt=2", {"parameter": "limt"}),
        ("limit=2&limit=3", {"parameter": "limit"}),
    ],
)
def test_a_parameter_that_is_to_blame_is_named(served: Served, given: str, facts: dict[str, str]) -> None:
    """By its name in the address, so that a program can mark the field."""
    problem = served.client.get(f"/api/v1/images?{given}").json()
    assert {name: problem.get(name) for name in ("parameter", "value") if name in problem} == facts


def test_an_arriving_image_is_explained(served: Served, tmp_path: Path) -> None:
    """It is listed as arriving, and a request for it may be retried."""
    half = make_picture("png", seed=60)
    put_half(tmp_path / "Notes", half)
    served.store.scan()
    assert ids(served.get("/images", state="arriving")) == [id_of(half)]
    response = served.client.get(f"/api/v1/images/{id_of(half)}/data-url")
    assert (response.status_code, response.json()["code"]) == (503, "image-arriving")
    assert int(response.headers["retry-after"]) > 0


def test_an_image_in_two_storage_directories_is_listed_once(served: Served, tmp_path: Path) -> None:
    """With both files."""
    served.post("/sds", {"path": str(make_storage_dir(tmp_path / "More", PHOTOS[0]))})
    assert served.get("/images")["total"] == len(PHOTOS)
    assert len(served.get(f"/images/{id_of(PHOTOS[0])}/files")["files"]) == 2


def test_a_good_copy_replaces_what_did_not_arrive(served: Served, tmp_path: Path) -> None:
    """201 with what was saved, 200 if it was good already. A missing image is 404, as for reading."""
    other = make_storage_dir(tmp_path / "Other")
    name = put_half(other, PHOTOS[0])
    served.store.add_storage_dir(other)
    answers = [
        served.client.post(f"/api/v1/images/{id_of(PHOTOS[0])}/copy", json={"sd": "Other"}) for _ in range(2)
    ]
    assert [(each.status_code, each.json()["filename"]) for each in answers] == [(201, name), (200, name)]
    assert (other / "media" / name).read_bytes() == PHOTOS[0]
    nowhere = served.client.post(f"/api/v1/images/{'0' * 32}/copy", json={"sd": "Other"})
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "image-not-found")


def test_only_what_is_foreign_is_adopted(served: Served) -> None:
    """A file with the image itself is refused, and a name that is no image's is invalid."""
    for name, expected in ((f"{NEWEST_FIRST[0]}.jpg", 409), ("../SD_ID", 422)):
        answer = served.client.post("/api/v1/images/adopt", json={"sd": "Notes", "filename": name})
        assert answer.status_code == expected
