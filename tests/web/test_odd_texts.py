"""Texts that JSON can contain but a path cannot: a proper answer, and never an internal error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.served import Served, serving_storage_dir

NO_PATHS = {"half a letter": "\\ud800", "a NUL": "~root\\u0000", "half a person": "~\\ud800"}
"""Spelled as in JSON."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An empty storage directory."""
    with serving_storage_dir(tmp_path) as served:
        yield served


@pytest.mark.parametrize("text", NO_PATHS.values(), ids=NO_PATHS)
@pytest.mark.parametrize(
    ("method", "route", "field", "codes"),
    [
        ("POST", "/scans", "sd", {"sd-not-found"}),
        ("POST", "/sds", "path", {"invalid-path", "invalid-input"}),
        ("PATCH", "/sds/Notes", "path", {"invalid-path", "invalid-input"}),
        ("POST", "/images/copy", "note", {"sd-not-found"}),
        ("POST", "/sds/Notes/import", "sources", {"invalid-path"}),
    ],
)
def test_a_text_that_is_no_path_is_refused(
    served: Served, method: str, route: str, field: str, codes: set[str], text: str
) -> None:
    """For every parameter that is a path or a storage directory."""
    given = f'["{text}"]' if field == "sources" else f'"{text}"'
    more = ', "to": "Notes"' if field == "note" else ""
    answer = served.client.request(
        method,
        f"/api/v1{route}",
        content=f'{{"{field}": {given}{more}}}',
        headers={"content-type": "application/json"},
    )
    assert answer.json()["code"] in codes


def test_a_form_has_no_path_with_a_nul(served: Served) -> None:
    """A page says so; it is no fault of the server."""
    looked = served.client.post("/care/wanted/search", data={"folder": "~a\0b"})
    taken = served.client.post("/import/look", files={"source": (None, "~a\0b"), "sd": (None, "Notes")})
    assert (looked.status_code, taken.status_code) == (422, 422)


def test_what_led_here_may_be_no_address(served: Served) -> None:
    """The page that says what went wrong names no way back, and is there."""
    headers = {"accept": "text/html", "sec-fetch-mode": "navigate", "referer": "http://["}
    assert served.client.get("/nothing-here", headers=headers).status_code == 404


@pytest.mark.parametrize("path", ["media", "link"])
def test_the_bytes_of_what_is_no_file_are_refused(served: Served, tmp_path: Path, path: str) -> None:
    """The disk is not at fault."""
    (tmp_path / "Notes/link").symlink_to(tmp_path)
    for view in ("hex", "raw"):
        answer = served.client.get(f"/api/v1/inspect/Notes/{view}", params={"path": path})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid-path")
