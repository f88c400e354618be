"""Behind a real nginx and a real Caddy, over TLS: as docs/howto/reverse-proxy.md shows it, and with defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from builders.pictures import make_picture
from builders.proxies import PAGE, Front, find_free_ports, get_block, running_caddy, running_nginx
from builders.served import Served, serving_storage_dir
from builders.storage import id_of
from strandline.web.door import TRIES_OF_ONE

PHOTO = make_picture("jpg", seed=1)
LARGE = make_picture("png", seed=2, size=(1400, 1400))
"""More than the 1 MB that nginx accepts if nobody tells it otherwise."""

BARE_NGINX = """
server {
    listen 443 ssl;
    server_name pics.lan;
    ssl_certificate /etc/ssl/certs/pics.lan.pem;
    ssl_certificate_key /etc/ssl/private/pics.lan.key;
    location / {
        proxy_pass http://127.0.0.1:8484;
    }
}
"""
"""Nothing but what one must write. It sends the upstream's address as ``Host``, and no header on the client."""

Run = Callable[..., AbstractContextManager[Front]]


def show(language: str, number: int) -> Callable[[], str]:
    """A configuration of the page, read when a test needs it."""
    return lambda: get_block(language, number)


def strip_in_nginx() -> str:
    """The page's other way to write the line."""
    text = get_block("nginx", 1)
    assert text.count("8484;") == 1
    return text.replace("8484;", "8484/;")


def strip_in_caddy() -> str:
    """The page's other way to write the lines."""
    return "redir /pics /pics/\nhandle_path /pics/* {\n    reverse_proxy 127.0.0.1:8484\n}\n"


@dataclass(frozen=True)
class Kind:
    """A proxy and its configuration."""

    run: Run
    config: Callable[[], str]
    host: str = "pics.lan"
    base: str = ""
    is_bare: bool = False


BELOW: dict[str, Any] = {"host": "example.org", "base": "/pics"}
KINDS = {
    "nginx": Kind(running_nginx, show("nginx", 0)),
    "nginx-below-a-path": Kind(running_nginx, show("nginx", 1), **BELOW),
    "nginx-strips-the-path": Kind(running_nginx, strip_in_nginx, **BELOW),
    "nginx-with-defaults": Kind(running_nginx, lambda: BARE_NGINX, is_bare=True),
    "caddy": Kind(running_caddy, show("caddyfile", 0)),
    "caddy-below-a-path": Kind(running_caddy, show("caddyfile", 1), **BELOW),
    "caddy-strips-the-path": Kind(running_caddy, strip_in_caddy, **BELOW),
}


@dataclass(frozen=True)
class Behind:
    """A served store, and the proxy in front of it."""

    kind: Kind
    served: Served
    front: Front

    @contextmanager
    def as_stranger(self, comes_from: str = "127.0.0.1") -> Iterator[httpx.Client]:
        """A browser's page that is not signed in."""
        with self.front.client(comes_from=comes_from) as client:
            client.headers["origin"] = self.front.origin
            yield client

    @contextmanager
    def signed_in(self) -> Iterator[httpx.Client]:
        """A browser's page, by a link."""
        with self.as_stranger() as client:
            assert client.get(self.served.make_link().lstrip("/")).status_code == 303
            yield client


@contextmanager
def running(kind: Kind, folder: Path, *, is_set: bool = True) -> Iterator[Behind]:
    """Server and proxy, with the one setting that the page names."""
    ports = find_free_ports()
    with pytest.MonkeyPatch.context() as patch:
        if is_set:
            patch.setenv("STRANDLINE_WEB_PUBLIC_URL", f"https://{kind.host}:{ports[0]}{kind.base}/")
        with serving_storage_dir(folder, PHOTO) as served:
            proxy = folder / "proxy"
            proxy.mkdir()
            config = kind.config()
            with kind.run(config, proxy, ports, served.address.port, host=kind.host, base=kind.base) as front:
                yield Behind(kind, served, front)


@pytest.fixture(params=KINDS.values(), ids=list(KINDS))
def behind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Behind]:
    """Each kind."""
    with running(request.param, tmp_path) as it:
        yield it


def test_nobody_gets_in_without_a_secret(behind: Behind) -> None:
    """No page, no image, no answer, no event, no upload. The page to sign in is there, with its styles."""
    image = f"i/{id_of(PHOTO)}"
    with behind.as_stranger() as client:
        for path in ("", "folders", f"image/{id_of(PHOTO)}", image, f"{image}?w=400", f"{image}?key=wrong",
                     "api/v1/images", "api/v1/events", "api/v1/openapi.json", "static/js/api.js"):  # fmt: skip
            answer = client.get(path)
            assert (answer.status_code, PHOTO in answer.content) == (401, False), path
        refused = bytes(900_000 if behind.kind.is_bare else 20_000_000)
        for _ in range(3):  # the answer comes through, although the proxy is still sending
            assert client.post("api/v1/images?sd=Notes", content=refused).status_code == 401
        page = client.get("", headers={"accept": "text/html"})
        assert 'name="secret"' in page.text
        [style] = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page.text)
        assert style == f"{behind.kind.base}/static/strandline.css"
        assert client.get(f"https://127.0.0.1:{behind.front.port}{style}").status_code == 200
        key = behind.served.app.door.guard.image_key
        assert client.get(f"{image}?key={key}", headers={"origin": ""}).content == PHOTO


def test_other_sites_and_other_names_get_nothing(behind: Behind) -> None:
    """With the session of a person who is signed in."""
    with behind.signed_in() as client:
        own = behind.kind.host
        for origin in ("https://evil.example", f"http://{own}", f"https://{own}", f"https://{own}:1", "null"):
            for path in ("sign-out", "api/v1/scans", "sign-in"):
                assert client.post(path, headers={"origin": origin}).status_code == 403, (origin, path)
        with (
            behind.front.client("evil.example")
            if behind.kind.run is running_nginx
            else behind.front.client() as other
        ):
            other.cookies = client.cookies
            answer = other.get("", headers={"host": "evil.example", "accept": "text/html"})
            if behind.kind.is_bare:
                assert answer.status_code == 200  # nobody can tell: nginx replaces the name
            elif behind.kind.run is running_nginx:
                assert answer.status_code == 421
                assert "evil.example" in answer.text
            else:
                assert answer.content == b""  # Caddy itself: it has no such site


def test_a_link_signs_in_for_all_that_people_do(behind: Behind) -> None:
    """Pages, pictures, an upload, and its event while it happens. The cookie is for TLS and this path only."""
    base = behind.kind.base
    with behind.as_stranger() as client:
        answer = client.get(behind.served.make_link().lstrip("/") + "&next=/folders")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{base}/folders")
        given = answer.headers["set-cookie"].split("; ")
        assert {"Secure", "HttpOnly", "SameSite=Lax", f"Path={base or '/'}"} <= set(given)
        assert client.get("").status_code == 200
        assert client.get(f"i/{id_of(PHOTO)}").content == PHOTO
        assert client.get(f"i/{id_of(PHOTO)}", headers={"range": "bytes=10-19"}).content == PHOTO[10:20]
        assert client.get(f"i/{id_of(PHOTO)}?w=400").headers["content-type"] == "image/webp"
        with client.stream("GET", "api/v1/events") as events:
            assert events.headers["content-type"].startswith("text/event-stream")
            saved = upload(client, make_picture("png", seed=3))
            assert saved.status_code == 201
            image_id = saved.json()["saved"][0]["image_id"]
            assert image_id in next(line for line in events.iter_lines() if image_id in line)
        assert upload(client, LARGE).status_code == (413 if behind.kind.is_bare else 201)
        scan = client.post("api/v1/scans", json={})
        assert scan.headers["location"].startswith(f"{base}/api/v1/scans/")
        assert client.post("sign-out").headers["location"] == f"{base}/sign-in"
        assert client.get("").status_code == 401


def upload(client: httpx.Client, data: bytes) -> httpx.Response:
    """Like the page."""
    assert len(data) < 1 << 20 or data is LARGE
    return client.post("api/v1/images?sd=Notes", content=data)


def test_the_token_signs_in_and_wrong_ones_are_counted_for_their_client(behind: Behind) -> None:
    """In the form, and in the header of a program, which has no origin."""
    token = behind.served.app.door.guard.token
    with behind.as_stranger() as client:
        answer = client.post("sign-in", data={"secret": token})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{behind.kind.base}/")
        assert client.get("").status_code == 200
    with behind.front.client() as program:
        program.headers["authorization"] = f"Bearer {token}"
        assert program.post("api/v1/scans", json={}).status_code == 202
    with behind.as_stranger() as client:
        for _ in range(TRIES_OF_ONE):
            assert client.post("sign-in", data={"secret": "wrong"}).status_code == 401
        assert client.post("sign-in", data={"secret": "wrong"}).status_code == 429
    with behind.as_stranger(comes_from="127.0.0.9") as other:
        is_counted_with_it = behind.kind.is_bare  # nobody says who it is
        status = other.post("sign-in", data={"secret": "wrong"}).status_code
        assert status == (429 if is_counted_with_it else 401)
        assert other.post("sign-in", data={"secret": token}).status_code == 303


def test_nginx_with_its_defaults_opens_nothing_and_says_what_to_set(tmp_path: Path) -> None:
    """Without any setting, too. A link works, and the form names the setting that it needs."""
    with (
        running(KINDS["nginx-with-defaults"], tmp_path, is_set=False) as behind,
        behind.as_stranger() as client,
    ):
        for path in ("", f"i/{id_of(PHOTO)}", "api/v1/images", "api/v1/events"):
            assert client.get(path).status_code == 401
        refused = client.post(
            "sign-in", data={"secret": behind.served.app.door.guard.token}, headers={"accept": "text/html"}
        )
        assert refused.status_code == 403
        assert f"strandline config set web.public_url {behind.front.origin}/" in refused.text
        assert client.get(behind.served.make_link().lstrip("/")).status_code == 303
        assert client.get(f"i/{id_of(PHOTO)}").content == PHOTO


def test_nginx_leads_from_http_to_tls(tmp_path: Path) -> None:
    """The second block of the page."""
    with running(KINDS["nginx"], tmp_path) as behind:
        answer = httpx.get(
            f"http://127.0.0.1:{behind.front.plain_port}/folders", headers={"host": "pics.lan"}
        )
        assert (answer.status_code, answer.headers["location"]) == (301, "https://pics.lan/folders")


def test_the_page_shows_what_is_tested() -> None:
    """Both ways to strip a path are in its text, and it has no other configuration."""
    text = (Path(__file__).parents[2] / PAGE).read_text()
    assert "`proxy_pass http://127.0.0.1:8484/;`" in text
    assert "`handle_path /pics/* { … }`" in text
    assert len(re.findall(r"^```(?:nginx|caddyfile)$", text, re.MULTILINE)) == 4
