"""Redirects to a bucket that keeps versions: exactly the proven bytes, as what they are, for a moment (SPEC §24)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from builders.s3_server import OtherProgram, S3Server
from builders.served import NO_TLS, Served, serving
from builders.storage import id_of, make_pictures, name_of
from strandline.folders.buckets.presigning import Credentials, presign, read_credentials
from strandline.runtime.assembly import open_store
from strandline.web.images.plan import may_be_sent_on

ONE, TWO = make_pictures(2)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><script>alert(1)</script></svg>'
PAGE = b"<html><script>alert(1)</script></html>"
AS_PAGE = {"content-type": "text/html", "content-disposition": "attachment; filename=x.html"}
KEEP_VERSIONS = (
    b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Status>Enabled</Status></VersioningConfiguration>"
)


def put_as_page(other: OtherProgram, name: str, data: bytes) -> None:
    """Uploads something that says it is a web page."""
    assert other.ask("PUT", name, body=data, headers=AS_PAGE).status == 200


@contextmanager
def served_bucket(
    home: Path, server: S3Server, other: OtherProgram, settings: Mapping[str, str | int]
) -> Iterator[Served]:
    """A server for a bucket with three images, each of which was proven."""
    other.put("SD_ID", b"11111111-1111-4111-8111-111111111111\n")
    for data in (ONE, SVG):
        put_as_page(other, f"media/{name_of(data)}", data)
    overrides = {"s3.endpoint": server.endpoint, **settings}
    with open_store(home, overrides=overrides) as store, serving(store) as served:
        assert served.post("/sds", {"path": other.address, "name": "Archive"}).status_code == 201
        yield served


@pytest.fixture
def other(s3_server: S3Server) -> OtherProgram:
    """A bucket that keeps versions."""
    other = s3_server.make_bucket()
    assert other.ask("PUT", "", "versioning=", KEEP_VERSIONS).status == 200
    return other


@pytest.fixture
def served(tmp_path: Path, s3_server: S3Server, other: OtherProgram) -> Iterator[Served]:
    """A server that may send clients to the bucket."""
    with served_bucket(
        tmp_path / "home", s3_server, other, {"s3.redirect_to": f"{s3_server.endpoint}/"}
    ) as served:
        yield served


def ask(served: Served, data: bytes, query: str = "", **headers: str) -> httpx.Response:
    """The answer to a program, or to what the headers say."""
    return served.client.get(
        f"/i/{id_of(data)}{query}", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def follow(answer: httpx.Response) -> httpx.Response:
    """What the object store says to somebody without credentials."""
    return httpx.get(answer.headers["location"], verify=NO_TLS)


def test_a_program_gets_exactly_the_proven_version(served: Served, other: OtherProgram) -> None:
    """The first answer has the bytes, which are proven meanwhile. Whatever replaces the object, an address that was
    given leads to the image, as an image, and no other is given.
    """
    first = ask(served, ONE)
    assert (first.status_code, first.content) == (200, ONE)
    answer = ask(served, ONE)
    assert answer.status_code == 307
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "X-Amz-Expires=60" in answer.headers["location"]
    put_as_page(other, f"media/{name_of(ONE)}", PAGE)
    there = follow(answer)
    assert (there.status_code, there.content) == (200, ONE)
    assert there.headers["content-type"] == "image/png"
    assert there.headers["content-disposition"] == "inline"
    assert ask(served, ONE).status_code in (404, 503)
    spoiled = answer.headers["location"].replace("image%2Fpng", "text%2Fhtml")
    assert httpx.get(spoiled, verify=NO_TLS).status_code == 403


def test_others_get_the_bytes_from_this_server(served: Served) -> None:
    """Its own pages, scripts, small copies, what goes on by this server's tag, and what is more than pixels."""
    etag = served.client.head(f"/i/{id_of(ONE)}").headers["etag"]
    ask(served, ONE)
    assert ask(served, ONE).status_code == 307
    assert ask(served, ONE, range="bytes=1-4").status_code == 307
    assert ask(served, ONE, sec_fetch_site="same-origin").content == ONE
    assert ask(served, ONE, sec_fetch_site="cross-site", sec_fetch_mode="cors").content == ONE
    assert ask(served, ONE, if_range=etag, range="bytes=0-").content == ONE
    assert ask(served, ONE, if_none_match=etag).status_code == 304
    assert ask(served, ONE, "?w=64").status_code == 200
    assert served.client.head(f"/i/{id_of(ONE)}").status_code == 200
    for _ in range(2):
        drawing = ask(served, SVG)
        assert (drawing.status_code, drawing.content) == (200, SVG)
        assert "sandbox" in drawing.headers["content-security-policy"]
    with served.as_stranger() as stranger:
        assert stranger.get(f"/i/{id_of(ONE)}").status_code in (401, 403)


def test_no_versions_no_setting_or_no_credentials_no_redirect(
    tmp_path: Path, s3_server: S3Server, other: OtherProgram
) -> None:
    """Without a version, other bytes could have the name by the time that somebody asks."""
    settings = {"s3.redirect_to": s3_server.endpoint}
    with served_bucket(tmp_path / "one", s3_server, s3_server.make_place(), settings) as served:
        assert [ask(served, ONE).content for _ in range(2)] == [ONE, ONE]
    with served_bucket(tmp_path / "two", s3_server, other, {}) as served:
        assert [ask(served, ONE).content for _ in range(2)] == [ONE, ONE]
        found = served.store.get(id_of(ONE))
        assert found.find_address(datetime.now(UTC)) is None
    assert read_credentials({"AWS_ACCESS_KEY_ID": "x"}) is None


def test_the_signature_is_that_of_the_documentation() -> None:
    """AWS, Authenticating Requests: Using Query Parameters, the example."""
    credentials = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "")
    signed = presign(
        "https://examplebucket.s3.amazonaws.com/test.txt", {}, credentials,
        region="us-east-1", at=datetime(2013, 5, 24, tzinfo=UTC), life_s=86400,
    )  # fmt: skip
    assert signed.endswith(
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    with_token = credentials._replace(session_token="a/b")
    more = presign(
        "https://h/b/k",
        {"versionId": "1"},
        with_token,
        region="r",
        at=datetime(2013, 5, 24, tzinfo=UTC),
        life_s=1,
    )
    assert "X-Amz-Security-Token=a%2Fb" in more
    assert "wJalr" not in more + repr(with_token)


@pytest.mark.parametrize(
    "media_type", ["image/svg+xml", "application/octet-stream", "text/html", "image/heic"]
)
def test_only_pixels_are_sent_on(media_type: str) -> None:
    """A type that somebody adds later is not."""
    assert not may_be_sent_on({}, media_type)
    assert may_be_sent_on({}, "image/jpeg")
