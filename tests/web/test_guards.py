"""Guards: only this machine's own pages, and clients with the secrets, get anywhere (SPEC §11)."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import id_of
from strandline.errors import ConfigError
from strandline.model.access import Caller
from strandline.model.public_address import PublicAddress
from strandline.runtime.web_secrets import ensure_secret
from strandline.web.guards import Guard
from strandline.web.heads import LOOKED_AT, Request

PHOTO = make_picture("jpg", seed=1)
TOKEN, KEY = "token-token-token", "key-key-key-key-key"
OURS = "http://localhost:8484"
WIKI, EVIL = "http://wiki.lan", "https://evil.example"
SESSION = "session-session"
OURS_BY_COOKIE = {"cookie": f"a=b; strandline-8484={SESSION}"}
LOCAL_GUARD = Guard(
    TOKEN, KEY, frozenset({"box.lan"}), frozenset({WIKI}), cookie="strandline-8484",
    find_in_session=lambda value: Caller("somebody") if value == SESSION else None,
)  # fmt: skip
GUARD = replace(LOCAL_GUARD, is_open=True)
"""The rules that stay if no secret is needed."""
NETWORK_GUARD = replace(
    GUARD, is_loopback=False, own_names=frozenset({"nas", "nas.local"}), allow_hosts=frozenset()
)


def status_of(
    guard: Guard,
    method: str = "GET",
    path: str = "/i/x",
    query: str = "",
    host: str = "localhost:8484",
    **headers: str,
) -> int:
    """The guard's status, or 200 if it lets the request through."""
    given = {"host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
    encoded = {name.encode(): value.encode() for name, value in given.items()}
    assert encoded.keys() <= LOOKED_AT, "the application does not hand that header to the guard"
    refusal = guard.find_refusal(Request(method, path, query.encode(), encoded))
    return 200 if refusal is None else refusal.status_code


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:1234", 200),
        ("127.0.0.1:8484", 200),
        ("127.9.9.9", 200),
        ("[::1]:8484", 200),
        ("box.lan:8484", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.nip.example", 421),
        ("192.168.1.5:8484", 421),
        ("localhost:8484@evil.example", 421),
        ("[::1:8484", 421),
        ("::1:8484", 421),
        ("[127.0.0.1", 421),
        ("", 421),
    ],
)
def test_only_our_host_names_are_answered(host: str, status: int) -> None:
    """A foreign name that points to this machine is refused (DNS rebinding)."""
    assert status_of(GUARD, host=host) == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"origin": OURS}, 200),
        ({"origin": "http://LOCALHOST:8484"}, 200),
        ({"origin": "http://localhost:9999"}, 403),
        ({"origin": "http://127.0.0.1:8484"}, 200),
        ({"origin": "http://[::1]:8484"}, 200),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "http://127.0.0.1"}, 403),
        ({"origin": "http://127.0.0.1.evil.example:8484"}, 403),
        ({"origin": EVIL} | OURS_BY_COOKIE, 403),
        ({"origin": "http://localhost:9999"} | OURS_BY_COOKIE, 403),
        (OURS_BY_COOKIE, 403),
        ({"origin": EVIL}, 403),
        ({"origin": "null"}, 403),
        ({"origin": WIKI}, 200),
        ({"origin": EVIL, "authorization": f"Bearer {TOKEN}"}, 200),
        ({"authorization": f"bearer  {TOKEN}"}, 200),
        ({"authorization": f"Bearer {KEY}"}, 403),
        ({"authorization": "Bearer "}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT"])
def test_writes_need_our_own_origin_or_the_token(method: str, headers: dict[str, str], status: int) -> None:
    """A cookie is not enough: browsers send it with other sites' forms."""
    assert status_of(GUARD, method, "/api/v1/sds", **headers) == status


@pytest.mark.parametrize("path", ["/i/x", "/api/v1/inspect/x/raw"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"sec_fetch_site": "same-origin"}, 200),
        ({"sec_fetch_site": "same-site"}, 403),
        ({"sec_fetch_site": "cross-site", "referer": "http://127.0.0.1:8484/image/x"}, 200),
        ({"sec_fetch_site": "same-site", "referer": "http://localhost:3000/"}, 403),
        ({"sec_fetch_site": "none"}, 200),
        ({"sec_fetch_site": "cross-site"}, 403),
        ({"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}, 403),
        ({"sec_fetch_site": "cross-site", "origin": EVIL}, 403),
        ({"sec_fetch_site": "cross-site", "origin": EVIL, "authorization": f"Bearer {TOKEN}"}, 200),
        ({"sec_fetch_site": "cross-site", "origin": EVIL, "authorization": f"Bearer {KEY}"}, 403),
        ({"sec_fetch_site": "cross-site"} | OURS_BY_COOKIE, 403),
        ({"sec_fetch_site": "cross-site", "origin": WIKI}, 200),
        ({"sec_fetch_site": "cross-site", "referer": f"{WIKI}/page?x#y"}, 200),
        ({"sec_fetch_site": "cross-site", "referer": f"{EVIL}/{WIKI}"}, 403),
        ({"sec_fetch_site": "cross-site", "referer": "http://[broken"}, 403),
        ({"sec_fetch_site": "cross-site", "origin": EVIL, "referer": f"{WIKI}/"}, 403),
    ],
)
def test_other_sites_may_not_probe_what_there_is(path: str, headers: dict[str, str], status: int) -> None:
    """Unless a person has allowed them, or they have the token, which a browser never adds by itself."""
    assert status_of(GUARD, path=path, **headers) == status


def test_a_link_from_another_site_may_lead_to_a_page() -> None:
    """Following a link reveals nothing to the other site."""
    assert status_of(GUARD, path="/", sec_fetch_site="cross-site", sec_fetch_mode="navigate") == 200
    assert status_of(GUARD, path="/", sec_fetch_site="cross-site", sec_fetch_mode="no-cors") == 403


@pytest.mark.parametrize(
    ("method", "path", "query", "status"),
    [
        ("GET", "/i/x", f"key={KEY}", 200),
        ("HEAD", "/i/x", f"w=400&key={KEY}", 200),
        ("GET", "/i/x", "key=wrong", 403),
        ("GET", "/i/x", f"key={TOKEN}", 403),
        ("GET", "/i/x", "key=", 403),
        ("GET", "/api/v1/sds", f"key={KEY}", 403),
        ("POST", "/i/x", f"key={KEY}", 403),
    ],
)
def test_the_image_key_shows_images_and_nothing_else(method: str, path: str, query: str, status: int) -> None:
    """For pages from a file or an app, which have no origin."""
    assert status_of(GUARD, method, path, query, sec_fetch_site="cross-site", origin="null") == status


@pytest.mark.parametrize("guard", [LOCAL_GUARD, NETWORK_GUARD], ids=["loopback", "network"])
@pytest.mark.parametrize(
    ("path", "query", "headers", "status"),
    [
        ("/", "", {}, 401),
        ("/api/v1/sds", "", {}, 401),
        ("/nothing", "", {}, 401),
        ("/i/x", "", {}, 401),
        ("/i/x", f"key={KEY}", {}, 200),
        ("/i/x", "", {"authorization": f"Bearer {TOKEN}"}, 200),
        ("/", f"token={TOKEN}", {}, 401),
        ("/", f"key={KEY}", {}, 401),
        ("/", "", {"cookie": f"strandline-8484={TOKEN}"}, 401),
        ("/", "", {"cookie": "strandline-8484="}, 401),
        ("/", "", {"cookie": f"strandline-9999={SESSION}"}, 401),
        ("/api/v1/sds", "", {"authorization": f"Bearer {TOKEN}"}, 200),
        ("/api/v1/sds", "", {"authorization": f"Bearer {SESSION}"}, 401),
        ("/sign-in", "", {}, 200),
        ("/healthz", "", {}, 200),
        ("/static/strandline.css", "", {}, 200),
        ("/static/css/../js/api.js", "", {}, 401),
        ("/static/js/api.js", "", {}, 401),
    ],
)
def test_nothing_but_the_page_to_sign_in_is_shown_without_a_secret(
    guard: Guard, path: str, query: str, headers: dict[str, str], status: int
) -> None:
    """On loopback, too. Who others can reach is never open, whatever the setting says."""
    assert status_of(guard, path=path, query=query, **headers) == status


def test_a_session_lets_its_browser_in() -> None:
    """To read, and to write from our own pages."""
    assert status_of(LOCAL_GUARD, path="/", **OURS_BY_COOKIE) == 200
    assert status_of(LOCAL_GUARD, "POST", "/api/v1/sds", origin=OURS, **OURS_BY_COOKIE) == 200
    assert status_of(LOCAL_GUARD, "POST", "/api/v1/sds", origin=OURS) == 401


def test_the_machine_answers_to_its_own_name_if_others_can_reach_it() -> None:
    """And to any address. On loopback a name could be anybody's."""
    for host, status in (("nas:8484", 200), ("NAS.local", 200), ("10.0.0.7:8484", 200), ("box.lan", 421)):
        assert status_of(NETWORK_GUARD, path="/healthz", host=host) == status


def test_a_refused_host_name_comes_with_the_setting_for_it() -> None:
    """As a command to copy. A name that is none is not repeated."""
    request = Request("GET", "/", b"", {b"host": b"pics.lan:8484"})
    refusal = LOCAL_GUARD.find_refusal(request)
    assert refusal is not None
    assert "strandline config set web.allow_hosts 'box.lan pics.lan'" in refusal.message
    odd = LOCAL_GUARD.find_refusal(Request("GET", "/", b"", {b"host": b"<b>'; rm"}))
    assert odd is not None
    assert "rm" not in odd.message


PROXIED_GUARD = replace(LOCAL_GUARD, public=PublicAddress("/pics", "https://pics.lan"))


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:8484", "https://pics.lan", 200),
        ("pics.lan", "https://pics.lan", 200),
        ("pics.lan", "https://PICS.lan", 200),
        ("pics.lan:443", "https://pics.lan", 200),
        ("127.0.0.1:8484", "http://127.0.0.1:8484", 200),
        ("127.0.0.1:8484", "http://pics.lan", 403),
        ("pics.lan", "http://pics.lan", 403),
        ("pics.lan:8484", "http://pics.lan:8484", 200),
        ("127.0.0.1:8484", "https://pics.lan:8443", 403),
        ("127.0.0.1:8484", "https://pics.lan.evil.example", 403),
        ("127.0.0.1:8484", "", 403),
        ("evil.lan", "https://pics.lan", 421),
    ],
)
def test_pages_of_the_public_address_are_our_own(host: str, origin: str, status: int) -> None:
    """Whatever host name the proxy sends. Without the setting, they are another site's."""
    assert (
        status_of(PROXIED_GUARD, "POST", "/api/v1/sds", host=host, origin=origin, **OURS_BY_COOKIE) == status
    )
    unset = status_of(LOCAL_GUARD, "POST", "/sign-in", host="127.0.0.1:8484", origin="https://pics.lan")
    assert unset == 403


def test_a_refused_write_comes_with_the_setting_for_it() -> None:
    """As a command to copy, if the origin is one. Others are not repeated."""
    for origin, says in (
        ("https://pics.lan", "strandline config set web.public_url https://pics.lan/"),
        ("https://pics.lan:8443", "strandline config set web.public_url https://pics.lan:8443/"),
        ("null", "writes need an Origin"),
        ("https://<b>'; rm", "writes need an Origin"),
    ):
        headers = {b"host": b"127.0.0.1:8484", b"origin": origin.encode()}
        refusal = LOCAL_GUARD.find_refusal(Request("POST", "/sign-in", b"", headers))
        assert refusal is not None
        assert says in refusal.message
        assert "; rm" not in refusal.message


def test_a_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    """Only the owner can read the file, and nothing else is left behind."""
    path = tmp_path / "web-token"
    secret = ensure_secret(path)
    assert ensure_secret(path) == secret == path.read_text().strip()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    path.write_text("short")
    with pytest.raises(ConfigError):
        ensure_secret(path)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server that allows the wiki."""
    monkeypatch.setenv("STRANDLINE_WEB_ALLOW_ORIGINS", WIKI)
    with serving_storage_dir(tmp_path, PHOTO) as it:
        yield it


def test_the_guard_stands_before_every_route(served: Served) -> None:
    """Even before routes that do not exist."""
    with httpx.Client(base_url=served.address.url) as client:
        for path in ("/", "/i/x", "/api/v1/sds", "/static/x.css", "/nothing"):
            assert client.get(path, headers={"host": "evil.example"}).status_code == 421
            assert client.post(path).json()["code"] == "origin-not-allowed"


def test_pages_of_an_allowed_origin_may_read_answers(served: Served) -> None:
    """CORS for these pages only, including preflight."""
    for origin, allowed in ((WIKI, WIKI), (EVIL, None)):
        headers = {"origin": origin, "access-control-request-method": "POST"}
        preflight = served.client.options("/api/v1/images", headers=headers)
        assert preflight.status_code == (204 if allowed else 403)
        answer = served.client.get(f"/i/{id_of(PHOTO)}", headers={"origin": origin})
        assert answer.headers.get("access-control-allow-origin") == allowed
        assert answer.headers.get("access-control-allow-credentials") == (allowed and "true")
        assert answer.headers["vary"] == "origin", "a cached answer to another origin would be used"
    assert served.client.get(f"/i/{id_of(PHOTO)}", headers={"origin": ""}).headers["vary"] == "origin"
    started = served.client.post("/api/v1/scans", json={}, headers={"origin": WIKI})
    assert started.status_code == 202
    assert "location" in started.headers["access-control-expose-headers"]


def test_the_image_key_of_the_home_works(served: Served) -> None:
    """It is in a file of the home."""
    key = (served.store.home / "image-key").read_text().strip()
    headers = {"sec-fetch-site": "cross-site", "origin": "null"}
    assert served.client.get(f"/i/{id_of(PHOTO)}?key={key}", headers=headers).content == PHOTO
    assert served.client.get(f"/i/{id_of(PHOTO)}?key=x{key}", headers=headers).status_code == 403
    with served.as_stranger() as client:
        wrong = client.get(f"/i/{id_of(PHOTO)}?key=x{key}")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "token-required")
    assert "image key" in wrong.json()["detail"]
    assert key not in wrong.text
