"""A server below a path such as ``/pics/``: every address that it gives away leads back to it.

Two kinds of proxies are usual. One strips the path from each request, the other does not.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

import strandline.web
from builders.pictures import make_picture
from builders.routes import list_paths
from builders.served import Served, serving_storage_dir
from builders.storage import id_of
from strandline.errors import ConfigError
from strandline.runtime.setting_sections import WebSettings
from strandline.web.site import OWN_NAMES, get_public_address

PHOTO = make_picture("jpg", seed=1)
BASE = "/pics"
WEB = Path(strandline.web.__file__).parent

ATTRIBUTE = re.compile(r"""([\w-]+)=("|')(/[^"']*)\2""")
NOT_AN_ADDRESS = {"aria-keyshortcuts", "value", "placeholder"}

SCRIPT_ADDRESS = re.compile(r"""(?<!ask\()(?<!tell\()(["'`])/[\w$?{][^"'`\n]*""")
"""In a script, a text that begins with a slash and goes on. Those for ``ask`` and ``tell`` are paths of the API."""

NO_ADDRESSES = {
    "startswith",
    "endswith",
    "partition",
    "rpartition",
    "split",
    "strip",
    "lstrip",
    "rstrip",
    "removeprefix",
}
"""Methods of texts, whose arguments go nowhere."""

ROUTES = {"get", "head", "post", "put", "patch", "delete", "mount", "APIRouter"}
"""Calls that say where a route is. There the base path is already stripped."""

SETTINGS = {"STRANDLINE_WEB_BASE_PATH": "/pics/"}, {"STRANDLINE_WEB_PUBLIC_URL": "https://pics.lan/pics/"}


@pytest.mark.parametrize("path", sorted((WEB / "templates").glob("*.html")), ids=lambda path: path.name)
def test_addresses_in_templates_begin_with_the_base_path(path: Path) -> None:
    """Write ``href="{{ base }}/folders"``."""
    found = [each[0] for each in ATTRIBUTE.finditer(path.read_text()) if each[1] not in NOT_AN_ADDRESS]
    assert found == []


@pytest.mark.parametrize(
    "path", sorted((*WEB.rglob("static/**/*.js"), *WEB.rglob("static/**/*.css"))), ids=lambda path: path.name
)
def test_addresses_in_scripts_and_styles_begin_with_the_base_path(path: Path) -> None:
    """Write ``${BASE}/i/…`` with ``BASE`` from ``base.js``. Styles and imports name files beside them."""
    text = path.read_text()
    found = [each[0] for each in SCRIPT_ADDRESS.finditer(text)]
    if path.suffix == ".css":
        found = re.findall(r"""url\(\s*["']?/[^)]*\)|@import\s+["']/[^"']*""", text)
    assert found == []


@pytest.mark.parametrize(
    "path", sorted(path for path in WEB.rglob("*.py")), ids=lambda path: path.relative_to(WEB).as_posix()
)
def test_addresses_in_answers_begin_with_the_base_path(path: Path) -> None:
    """Write ``f"{backend.base}/folders"``."""
    assert list(iter_bare_addresses(ast.parse(path.read_text()))) == []


def iter_bare_addresses(tree: ast.AST) -> Iterator[str]:
    """Texts that begin with a slash where an answer could get them: in f-strings and as arguments of calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
            first = str(node.values[0].value)
            if first.startswith("/"):
                yield first
        if isinstance(node, ast.Call) and name_of(node.func) not in NO_ADDRESSES | ROUTES:
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            for value in (each for argument in given for each in iter_operands(argument)):
                if isinstance(value, ast.Constant) and re.match(r"/\w", str(value.value)):
                    yield str(value.value)


def iter_operands(node: ast.AST) -> Iterator[ast.AST]:
    """The expression, and those that it is added up or chosen from."""
    if isinstance(node, ast.BinOp):
        yield from (each for side in (node.left, node.right) for each in iter_operands(side))
    elif isinstance(node, ast.IfExp):
        yield from (each for side in (node.body, node.orelse) for each in iter_operands(side))
    elif isinstance(node, ast.Dict):
        yield from (each for value in node.values for each in iter_operands(value))
    else:
        yield node


def name_of(function: ast.expr) -> str:
    """The last part of a function's name."""
    return str(getattr(function, "attr", "") or getattr(function, "id", ""))


def test_bare_addresses_are_found() -> None:
    """In each language, in the ways in which one would write them."""
    code = (
        'go(f"/i/{id}")\ngo("/folders")\ngo(to="/x" if y else "/z")\ngo({"location": "/w"})\n'
        'f"{base}/v"\ntext.startswith("/i/")\ngo("/")\n@router.get("/folders")\ndef u(): ...\n'
    )
    assert sorted(iter_bare_addresses(ast.parse(code))) == ["/folders", "/i/", "/w", "/x", "/z"]
    script = (
        "fetch(`/i/${id}`); ask(`/images`); new EventSource(\"/api/v1/events\"); `${BASE}/i/`; x = '/' + y"
    )
    assert [each[0] for each in SCRIPT_ADDRESS.finditer(script)] == ["`/i/${id}", '"/api/v1/events']
    html = '<a href="/x"><img src=\'/y\'><input aria-keyshortcuts="/"><a href="{{ base }}/z"><use href="#w">'
    assert [each[1] for each in ATTRIBUTE.finditer(html)] == ["href", "src", "aria-keyshortcuts"]


@pytest.fixture(params=SETTINGS, ids=["base-path", "public-url"])
def served(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    """A server below ``/pics/``."""
    for name, value in request.param.items():
        monkeypatch.setenv(name, value)
    with serving_storage_dir(tmp_path, PHOTO, make_picture("jpg", seed=2)[:900]) as it:
        yield it


class Addresses(HTMLParser):
    """The addresses in the attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Any attribute whose value begins with a slash."""
        self.found += [
            value for name, value in attrs if value and value[0] == "/" and name not in NOT_AN_ADDRESS
        ]


def iter_addresses(answer: httpx.Response) -> Iterator[str]:
    """All that the answer contains: in headers, in a page, in JSON."""
    if "location" in answer.headers:
        yield answer.headers["location"]
    kind = answer.headers.get("content-type", "")
    if kind.startswith("text/html"):
        yield from Addresses(answer.text).found
        kind = "application/json"
        for data in re.findall(
            r'<script type="application/json"[^>]*>(.*?)</script>', answer.text, re.DOTALL
        ):
            yield from iter_texts(json.loads(data))
    elif "json" in kind and "openapi" not in str(answer.url):
        yield from iter_texts(answer.json())


def iter_texts(document: object) -> Iterator[str]:
    """Texts that look like an address of the server."""
    if isinstance(document, dict):
        yield from (text for value in document.values() for text in iter_texts(value))
    elif isinstance(document, list):
        yield from (text for value in document for text in iter_texts(value))
    elif isinstance(document, str) and re.match(rf"(?:{BASE})?/(?:{'|'.join(OWN_NAMES)})\b", document):
        yield document


@pytest.mark.parametrize("stripping", [True, False], ids=["stripping", "not-stripping"])
def test_every_address_leads_back(served: Served, stripping: bool) -> None:
    """From the first page to all that can be reached from it, and in the answers of the API."""
    origin = served.address.url.rstrip("/")

    def ask(path: str, method: str = "GET", **more: object) -> httpx.Response:
        sent = path.removeprefix(BASE) if stripping else path
        headers = {"accept": "text/html", "origin": served.app.door.public.origin or origin}
        return served.client.request(method, origin + sent, headers=headers | served.signed_in, **more)  # type: ignore[arg-type]

    image_id = id_of(PHOTO)
    missing = {"/pics/nothing", "/pics/api/v1/scans/999", f"/pics/i/{'0' * 32}"}
    waiting = {
        "/pics/",
        "/pics/sign-in",
        "/pics/folders/",
        f"/pics/api/v1/images/{image_id}",
        "/pics/image/x",
        *missing,
    }
    seen: set[str] = set()
    while waiting:
        address = waiting.pop()
        seen.add(address)
        answer = ask(address)
        refused = answer.status_code in (401, 403, 404, 421)
        assert refused == (address in missing), (address, answer.status_code)
        for found in iter_addresses(answer):
            assert found.startswith("/pics/"), (address, found)
            waiting |= {found.partition("#")[0]} - seen
    assert {"/pics/static/strandline.css", "/pics/static/js/strandline.js", "/pics/folders", "/pics/inspect/Notes",
            "/pics/activity", f"/pics/image/{image_id}", f"/pics/i/{image_id}", "/pics/sign-out"} <= seen  # fmt: skip
    scan = ask("/pics/api/v1/scans", "POST", json={})
    assert scan.headers["location"].startswith("/pics/api/v1/scans/")
    assert ask("/pics/folders/Notes/scan", "POST").headers["location"] == "/pics/folders"
    document = ask("/pics/api/v1/openapi.json").json()
    assert document["servers"] == [{"url": "/pics"}]
    assert ask("/pics/sign-out", "POST").headers["location"] == "/pics/sign-in"


def test_the_cookie_belongs_to_the_base_path(served: Served) -> None:
    """Other servers of the same host do not get it. The page after signing in is below the path as well."""
    with served.as_stranger() as client:
        answer = client.get(f"/pics{served.make_link()}&next=/folders?x=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/pics/folders?x=1")
        given = answer.headers["set-cookie"].split("; ")
        assert "Path=/pics" in given
        assert ("Secure" in given) == bool(served.app.door.public.origin)
        page = client.get("/pics/folders?a=b", headers={"accept": "text/html", "cookie": ""})
        assert 'name="next" value="/folders?a=b"' in page.text


def test_only_the_whole_first_part_is_the_base_path(served: Served) -> None:
    """``/picsx`` is another name, and the path itself is the first page."""
    for path, status in (("/pics", 200), ("/pics/", 200), ("/", 200), ("/picsx", 404), ("/pics/pics/", 404)):
        assert served.client.get(path, headers=served.signed_in).status_code == status, path


def test_no_page_of_our_own_can_be_a_base_path(served: Served) -> None:
    """The server could not tell whether a proxy has stripped the path."""
    names = {re.split(r"[/?]", path)[1] for path in list_paths(served.app)} - {"", "nothing"}
    assert names == OWN_NAMES
    for name in OWN_NAMES:
        for web in (WebSettings(base_path=f"/{name}/x/"), WebSettings(public_url=f"https://pics.lan/{name}")):
            with pytest.raises(ConfigError, match=f"/{name}/"):
                get_public_address(web)


def test_two_settings_must_agree() -> None:
    """Neither wins silently."""
    with pytest.raises(ConfigError, match="leave it out"):
        get_public_address(WebSettings(base_path="/a/", public_url="https://pics.lan/b/"))
    both = get_public_address(WebSettings(base_path="/a", public_url="https://pics.lan/a/"))
    assert both == get_public_address(WebSettings(public_url="https://pics.lan/a"))
