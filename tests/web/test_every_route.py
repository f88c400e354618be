"""Without a secret nothing is answered, in any setting: every route is walked, and so is each route to come.

What only the environment changes is tried on the sample of the day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from builders.postgres import shared_server
from builders.routes import OTHERS, list_paths
from builders.sampling import get_seed, is_exhaustive, take_sample
from builders.served import Served, serving_beside, serving_storage_dir
from strandline.web.images.endpoint import PREFIX

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")

PUBLIC = {
    ("GET", "/sign-in"), ("HEAD", "/sign-in"), ("POST", "/sign-in"), ("GET", "/healthz"), ("HEAD", "/healthz"),
    ("GET", "/readyz"), ("HEAD", "/readyz"), ("GET", "/problems"), ("HEAD", "/problems"),
    ("POST", "/sign-in?code=wrong"), ("GET", "/sign-in?code=wrong"), ("HEAD", "/sign-in?code=wrong"),
}  # fmt: skip
"""What everybody may ask. The page to sign in needs some files as well: the styles and the mark. The page of
each code is public, too (``images/test_with_the_key_alone``).
"""

PROXIED = {"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9", "x-forwarded-host": "localhost"}
NAVIGATING = {"accept": "text/html", "sec-fetch-mode": "navigate", "sec-fetch-site": "none"}
WRONG_COOKIE = {"cookie": "strandline-8484=a.99999999999.b; strandline=x"}
WRONG_TOKEN = {"authorization": "Bearer wrong"}
A_USER = {"x-remote-user": "ada"}

WRONG = {
    "nothing": {},
    "a wrong token": WRONG_TOKEN,
    "a wrong cookie": WRONG_COOKIE,
    "the words of a proxy": PROXIED,
    "a user's name": A_USER,
    "a page": NAVIGATING,
    "all of it": WRONG_TOKEN | WRONG_COOKIE | PROXIED | NAVIGATING | A_USER,
}


@dataclass(frozen=True)
class Setting:
    """One way to run the server, and what reaches it."""

    environment: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""
    """Of its pages; empty for where it listens."""
    host: str = ""
    """As the proxy sends it; empty for where the server listens."""
    sent: str = ""
    """The path that comes before its own."""
    is_loopback: bool = True
    is_beside: bool = False
    """It serves this machine's own folders beside a shared catalog, below the path that is sent."""

    @property
    def walks_all(self) -> bool:
        """Whether every route is asked on every day, and not a sample: who may ask is decided before the route."""
        return not self.environment and not self.is_beside


BASE_PATH = {"STRANDLINE_WEB_BASE_PATH": "/pics/", "STRANDLINE_WEB_ALLOW_HOSTS": "pics.lan"}
SITE, SITE_BELOW = (
    {"STRANDLINE_WEB_PUBLIC_URL": f"https://pics.lan/{path}", **more}
    for path, more in (("", {}), ("pics/", {"STRANDLINE_WEB_BASE_PATH": "/pics"}))
)
USERS_ELSEWHERE = {
    "STRANDLINE_WEB_USER_HEADER": "X-Remote-User", "STRANDLINE_WEB_USER_ROLE": "admin",
    "STRANDLINE_WEB_TRUSTED_PROXIES": "192.0.2.1 10.0.0.0/8",
}  # fmt: skip
OPEN = {"STRANDLINE_WEB_AUTH": "open-on-loopback"}

SETTINGS = {
    "loopback": Setting(),
    "network": Setting(is_loopback=False),
    "users are named by a proxy elsewhere": Setting(USERS_ELSEWHERE),
    "network, said to be open": Setting(OPEN, is_loopback=False),
    "another host name": Setting(
        {"STRANDLINE_WEB_ALLOW_HOSTS": "pics.lan"}, "http://pics.lan:8484", "pics.lan:8484"
    ),
    "base path, stripped": Setting(BASE_PATH, "http://pics.lan", "pics.lan"),
    "base path, not stripped": Setting(BASE_PATH, "http://pics.lan", "pics.lan", "/pics"),
    "TLS": Setting(SITE, "https://pics.lan", "pics.lan"),
    "TLS, the proxy hides the host name": Setting(SITE, "https://pics.lan"),
    "TLS below a path, stripped": Setting(SITE_BELOW, "https://pics.lan", "pics.lan"),
    "TLS below a path, not stripped": Setting(SITE_BELOW, "https://pics.lan", "pics.lan", "/pics"),
    "folders beside a shared catalog": Setting(sent="/local", is_beside=True),
    "TLS from another machine": Setting(
        SITE_BELOW, "https://pics.lan", "pics.lan", "/pics", is_loopback=False
    ),
}


class Running:
    """A server in a setting, and requests to it: tens of thousands in all, so by the fastest client there is."""

    def __init__(self, served: Served, setting: Setting, connection: HTTPConnection) -> None:
        self.served, self.setting, self._connection = served, setting, connection
        self.origin = setting.origin or served.address.url.rstrip("/")
        self._headers = {"host": setting.host or f"{connection.host}:{connection.port}"}

    def ask(self, method: str, path: str, headers: Mapping[str, str]) -> int:
        """The status of the answer."""
        self._connection.putrequest(method, self.setting.sent + path, skip_host=True)
        for name, value in {**self._headers, **headers}.items():
            self._connection.putheader(name, value)
        self._connection.endheaders()
        answer = self._connection.getresponse()
        if answer.getheader("content-type", "").startswith("text/event-stream"):
            self._connection.close()  # it never ends; the next request connects again
        else:
            answer.read()
        return answer.status

    def list_paths(self) -> list[str]:
        """All of them, or the sample of the day and those that no router knows. The last one is another spelling of
        the first page.
        """
        paths = list_paths(self.served.app)
        if not self.setting.walks_all:
            paths = [*take_sample(paths[:-OTHERS], repr(self.setting)), *paths[-OTHERS:]]
        return [*paths, ""] if self.setting.sent else paths


@contextmanager
def running(setting: Setting, folder: Path, url: str = "") -> Iterator[Running]:
    """Runs the server while the block runs. ``url`` is a shared catalog, for what is beside it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in setting.environment.items():
            patch.setenv(name, value)
        with serving_beside(folder, url) if setting.is_beside else serving_storage_dir(folder) as served:
            served.app.door._is_loopback = setting.is_loopback
            served.app.door.guard = served.app.door.read_guard()
            address = urlsplit(served.address.url)
            assert address.hostname is not None
            with closing(HTTPConnection(address.hostname, address.port, timeout=20)) as connection:
                yield Running(served, setting, connection)


@pytest.fixture(scope="module", params=SETTINGS.values(), ids=[name.replace(" ", "-") for name in SETTINGS])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server in each setting, for all tests: what one of them was refused must not matter to the next."""
    with ExitStack() as stack:
        lent = shared_server(request).lent_database() if request.param.is_beside else nullcontext("")
        yield stack.enter_context(
            running(request.param, tmp_path_factory.mktemp("served"), stack.enter_context(lent))
        )


def test_no_route_answers_without_a_secret(server: Running) -> None:
    """Whatever the method, and whether it comes from our own page or from nowhere. What is wrong in one way only is
    tried on each route by one method a day, because the door asks neither for the route nor for the method. By the
    other methods, each way is tried from one place, and on the next day from the other one.
    """
    is_plain = not server.setting.host and not server.setting.environment
    in_turns = METHODS[get_seed() % len(METHODS)]
    for path in server.list_paths():
        for method in METHODS:
            if (method, path) in PUBLIC:
                continue
            is_turn = is_exhaustive() or (is_plain and method == in_turns)
            places: list[dict[str, str]] = [{}, {"origin": server.origin}]
            for number, wrong in enumerate(WRONG if is_turn else ("nothing", "all of it")):
                for headers in places if is_turn else [places[(number + get_seed()) % 2]]:
                    status = server.ask(method, path, WRONG[wrong] | headers)
                    assert status in (401, 403, 429), (method, path, wrong, headers, status)


def test_every_route_answers_with_a_secret(server: Running) -> None:
    """With the token or a session, none asks for it. A page of our own may write as well. HEAD does what GET does, so
    one of them is tried in each way, and the other one on the next day.
    """
    token = {"authorization": f"Bearer {server.served.app.door.guard.token}"}
    session = {**server.served.signed_in, "origin": server.origin}
    reads = ("GET", "HEAD") if get_seed() % 2 else ("HEAD", "GET")
    for path in server.list_paths():
        if path == "//" or path.startswith("/sign-"):
            continue
        for headers, read in zip((token, session), reads, strict=True):
            for method in (read, "PROPFIND"):
                status = server.ask(method, path, headers)
                assert status not in (401, 403, 421, 429), (method, path, headers, status)


def test_the_image_key_opens_images_and_nothing_else(server: Running) -> None:
    """Not even for reading."""
    key = server.served.app.door.guard.image_key
    for path in server.list_paths():
        for method in METHODS:
            asked = f"{path}{'&' if '?' in path else '?'}key={key}"
            is_allowed = path.startswith(PREFIX) and method in ("GET", "HEAD") and "key=wrong" not in path
            if (method, path) not in PUBLIC:
                status = server.ask(method, asked, {})
                assert (status not in (401, 403, 429)) == is_allowed, (method, path, status)


@pytest.mark.parametrize("odd", ["%0A", "%0D", "%00", "%7F", "%C2%85"])
def test_no_route_takes_a_control_character(server: Running, odd: str) -> None:
    """A router and a rule might not agree on where such an address leads."""
    if not server.setting.walks_all:
        return
    token = {"authorization": f"Bearer {server.served.app.door.guard.token}"}
    for path in server.list_paths() if odd == "%0A" else ("/", "/api/v1/rescue", "/i/x"):
        place, mark, query = path.partition("?")
        asked = f"{place}{odd}{mark}{query}"
        for method in ("GET", "POST", "PATCH", "DELETE"):
            assert server.ask(method, asked, token) == 404, (method, asked)
            assert server.ask(method, asked, {}) in (401, 403), (method, asked)


def test_no_route_answers_to_another_name_or_another_page(server: Running) -> None:
    """Not even with a session: a foreign name that points to us, and a page of another site."""
    for path in server.list_paths():
        foreign = server.served.signed_in | {"host": "evil.example"}
        assert server.ask("GET", path, foreign) == 421, path
        for origin in (
            "https://evil.example",
            "https://pics.lan.evil.example",
            "https://pics.lan:444",
            "null",
        ):
            headers = server.served.signed_in | {"origin": origin}
            for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"):
                assert server.ask(method, path, headers) == 403, (method, path, origin)


def test_open_on_loopback_asks_nobody_there(tmp_path: Path) -> None:
    """For those who choose it. Other sites and other names are refused all the same."""
    with running(Setting(OPEN), tmp_path) as server:
        for path in server.list_paths():
            if path != "//" and not path.startswith("/sign-"):
                assert server.ask("GET", path, {}) not in (401, 403, 421), path
            assert server.ask("POST", path, {"origin": "https://evil.example"}) == 403
            assert server.ask("GET", path, {"host": "evil.example"}) == 421
