"""This machine's own folders beside a shared catalog: for their owner in the same pages, for nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from builders.beside import OF_OWNER, OF_TEAM, OWN_ID, TEAM_ID, Both, serving_both
from builders.pictures import make_picture
from builders.postgres import shared_server
from builders.s3_server import S3Server
from builders.served import serving
from builders.storage import id_of
from strandline import open_store
from strandline.errors import ConfigError, NotAllowedError
from strandline.model.access import Role
from strandline.runtime.assembly import LocalStore
from strandline.runtime.local_folders import open_beside
from strandline.runtime.shared_sign_ins import find_shared_sign_ins, make_link_to
from strandline.runtime.web_secrets import IMAGE_KEY_FILE, LOCAL_IMAGE_KEY_FILE
from strandline.web.access import NEEDS, NOT_OWNER_KEY, OF_MACHINE, check_owner
from strandline.web.beside import create_site

UNKNOWN = "0" * 32
PAGE = {"accept": "text/html"}
SWITCH = 'aria-label="Whose pictures"'
OF_IMAGES = (
    "/i/{}",
    "/i/{}?w=100",
    "/i/{}?quiet=1",
    "/image/{}",
    "/api/v1/images/{}",
    "/api/v1/images/{}/data-url",
)


@pytest.fixture(scope="module")
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A shared catalog."""
    with shared_server(request).lent_database() as url:
        yield url


@pytest.fixture(scope="module")
def both(url: str, s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """One for all tests: none of them changes what the next one asks for."""
    with serving_both(tmp_path_factory.mktemp("both"), url, s3_server) as it:
        yield it


def make_token(store: LocalStore, role: str) -> str:
    """A new access token."""
    return store.tokens.create(role).text


def names(answer: httpx.Response) -> list[str]:
    """The ids of a listing."""
    assert answer.status_code == 200, answer.text
    return [image["image_id"] for image in answer.json()["images"]]


def test_each_side_has_its_own(both: Both) -> None:
    """Lists, pages, storage directories, and the document of the API."""
    client = both.served.client
    assert names(client.get("/api/v1/images")) == [TEAM_ID]
    assert names(client.get("/local/api/v1/images")) == [OWN_ID]
    assert "Vault" not in client.get("/folders").text
    assert "Vault" in client.get("/local/folders").text
    assert client.get("/local/api/v1/openapi.json").json()["servers"] == [{"url": "/local"}]
    assert client.get("/local").status_code == client.get("/local/healthz").status_code == 200
    assert client.get("/locals").status_code == 404


@pytest.mark.parametrize("place", ["/", "/folders", "/inspect", "/care", "/activity", "/trash"])
def test_the_switch_stays_in_the_section(both: Both, place: str) -> None:
    """On both sides. The current one is marked for everybody, not by its color alone."""
    for below, is_local in (("", False), ("/local", True)):
        page = both.served.client.get(below + place, headers=PAGE).text
        for name, address, is_current in (
            ("Team", place, not is_local),
            ("This machine", f"/local{place}", is_local),
        ):
            assert f'href="{address}"{" aria-current=" * is_current}' in page.replace('"true"', "")
            assert f">{name}</a>" in page


@pytest.mark.parametrize("template", OF_IMAGES)
def test_an_image_has_one_address(both: Both, template: str) -> None:
    """Whichever catalog knows it. An unknown one is answered as if there were one catalog."""
    client = both.served.client
    for image_id in (TEAM_ID, OWN_ID):
        answer = client.get(template.format(image_id))
        assert answer.status_code == 200, answer.text
        if template == "/i/{}":
            assert answer.content == (OF_TEAM if image_id == TEAM_ID else OF_OWNER)
    unknown = client.get(template.format(UNKNOWN))
    assert (unknown.status_code, "Vault" in unknown.text) == (204 if "quiet" in template else 404, False)
    assert client.head(template.format(OWN_ID)).status_code in (200, 405)
    assert client.post(template.format(OWN_ID)).status_code == 405


def test_the_given_storage_directory_comes_first(both: Both) -> None:
    """Also if only the own catalog has it."""
    assert both.served.client.get(f"/i/{OWN_ID}?sd=Vault").content == OF_OWNER
    assert both.served.client.get(f"/i/{TEAM_ID}?sd=Nowhere").status_code == 404


@pytest.mark.parametrize("role", ["read", "admin"])
def test_a_token_of_the_organization_does_not_see_it(both: Both, role: str) -> None:
    """Whatever its role, as a program and as a browser's session. No answer tells that anything is there."""
    token = make_token(both.team, role)
    with both.served.as_stranger() as browser:
        assert browser.post("/sign-in", data={"secret": token}).status_code == 303
        for path in ("/local/", "/local/api/v1/images", f"/local/i/{OWN_ID}"):
            assert both.ask(path, token)[0] == browser.get(path).status_code == 401
        for template in OF_IMAGES:
            of_own, of_none = (template.format(each) for each in (OWN_ID, UNKNOWN))
            assert both.ask(of_own, token)[0] == (204 if "quiet" in template else 404)
            pages = [browser.get(path, headers=PAGE).text for path in (of_own, of_none)]
            assert pages[0].replace(OWN_ID, UNKNOWN) == pages[1]
        assert SWITCH not in browser.get("/").text
        assert browser.get("/").status_code == 200


def test_an_administrator_reads_no_folder_of_the_machine(both: Both) -> None:
    """By importing, or in a search for missing files. The owner does, and so does everybody elsewhere."""
    token = make_token(both.team, "admin")
    path = str(both.own.list_storage_dirs()[0].path)
    for route, document in (
        ("sds/x/import", {"sources": [path], "dry_run": True}),
        ("rescue", {"folders": [path], "dry_run": True}),
    ):
        with both.served.as_stranger() as admin:
            answer = admin.post(
                f"/api/v1/{route}", json=document, headers={"authorization": f"Bearer {token}"}
            )
            odd = admin.post(
                f"/api/v1/{route}%0A", json=document, headers={"authorization": f"Bearer {token}"}
            )
        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")
        assert (odd.status_code, odd.json()["code"]) == (404, "no-such-page")
        assert both.served.post(f"/{route}", document).status_code != 403
    assert both.ask(f"/folders/within?path={path}", token)[0] == 403
    assert "only their owner" in both.ask("/import", token, **PAGE)[1]
    assert both.ask("/import")[0] == 401
    assert both.served.client.get("/import").status_code == 200


def test_the_route_decides_and_not_the_address(both: Both) -> None:
    """A router takes a line end at the end of an address, so a rule for addresses would have to, too."""
    for method, path in (
        ("POST", "/api/v1/rescue\n"),
        ("POST", "/api/v1/sds/x\n/import\n"),
        ("GET", "/import\n"),
    ):
        route = both.served.app._routes.find_route(method, path)
        assert route is not None
        with pytest.raises(NotAllowedError):
            check_owner({NOT_OWNER_KEY: True}, route)
        check_owner({NOT_OWNER_KEY: False}, route)


def test_each_route_for_administrators_was_thought_of() -> None:
    """It reads folders of the machine, or it only changes what the catalog has."""
    elsewhere = re.compile(
        r"/api/v1/sds(/{sd}(/confirm|/accept-missing)?)?|/folders(/{sd}/.*)?|.*catalog/.*|/status/import"
    )
    for method, path in (route for route, need in NEEDS.items() if need.role is Role.ADMIN):
        assert bool(OF_MACHINE.fullmatch(path)) != bool(elsewhere.fullmatch(path)), (method, path)


def test_a_user_of_a_proxy_does_not_see_it(
    url: str, s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Not as an admin of the organization either."""
    users = {"web.user_header": "X-User", "web.trusted_proxies": "127.0.0.1", "web.admin_users": "ada"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in users.items():
            patch.setenv(f"STRANDLINE_{name.replace('.', '_').upper()}", value)
        with serving_both(tmp_path_factory.mktemp("proxied"), url, s3_server) as both:
            assert both.ask("/api/v1/images", **{"x-user": "ada"})[0] == 200
            assert both.ask("/local/api/v1/images", **{"x-user": "ada"})[0] == 401
            assert both.ask(f"/i/{OWN_ID}", **{"x-user": "ada"})[0] == 404
            assert SWITCH not in both.ask("/", **{"x-user": "ada"})[1]


def sign_in(client: httpx.Client, link: str) -> list[str]:
    """The names of the cookies that a link gives."""
    answer = client.get(link)
    return [cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")]


def test_one_sign_in_for_both(both: Both) -> None:
    """A link of this home, and its token, on either side. Signing out ends both, at once."""
    cookies = [door.cookie for door in both.served.app.door.doors]
    token = both.served.app.door.guard.token
    for below in ("", "/local"):
        with both.served.as_stranger() as browser:
            answer = browser.post(f"{below}/sign-in", data={"secret": token, "next": "/folders"})
            assert (answer.status_code, answer.headers["location"]) == (303, f"{below}/folders")
            assert sorted(browser.cookies) == sorted(cookies)
            kept = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
            assert browser.post(f"{below}/sign-out").status_code == 303
            assert list(browser.cookies) == []
            for path in ("/folders", "/local/folders"):
                assert browser.get(path, headers={"cookie": kept}).status_code == 401
    link = make_link_to(both.team, "/")
    for expected in (cookies, []):
        with both.served.as_stranger() as browser:
            assert sign_in(browser, link) == expected


def test_links_of_elsewhere(both: Both, url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """One that another home made lets in to what the organization has. One that was used elsewhere is used up."""
    with open_store(
        tmp_path_factory.mktemp("other"), overrides={"catalog.url": url}, now=both.team.now
    ) as other:
        link = make_link_to(other, "/")
        with both.served.as_stranger() as browser:
            assert sign_in(browser, link) == [both.served.app.door.cookie]
            assert (browser.get("/").status_code, browser.get("/local/").status_code) == (200, 401)
        taken = find_shared_sign_ins(other)
        link = make_link_to(both.team, "/")
        assert taken is not None
        assert taken.take_link_code(link.partition("code=")[2], other.now())
    with both.served.as_stranger() as browser:
        assert sign_in(browser, link) == []


def test_the_image_key_is_another_one(both: Both) -> None:
    """All servers of the organization know the shared one."""
    shared, own = (
        (both.own.home / name).read_text().strip() for name in (IMAGE_KEY_FILE, LOCAL_IMAGE_KEY_FILE)
    )
    assert both.ask(f"/i/{TEAM_ID}?key={shared}")[0] == 200
    assert both.ask(f"/i/{OWN_ID}?key={own}")[0] == both.ask(f"/local/i/{OWN_ID}?key={own}")[0] == 200
    assert both.ask(f"/i/{OWN_ID}?key={shared}")[0] == both.ask(f"/i/{UNKNOWN}?key={shared}")[0] == 404
    assert both.ask(f"/local/i/{OWN_ID}?key={shared}")[0] == 401
    assert both.ask(f"/i/{TEAM_ID}?key={own}")[0] == 404
    status, text = both.ask("/local/i/x?key=wrong")
    assert (status, "image-key-local" in text) == (401, True)


def test_a_token_of_the_own_catalog_is_for_that(both: Both) -> None:
    """The owner made it: `strandline --local token create`."""
    token = make_token(both.own, "read")
    assert both.ask("/local/api/v1/images", token)[0] == 200
    assert both.ask("/api/v1/images", token)[0] == 401
    assert both.ask(f"/i/{OWN_ID}", token)[0] == 200


def read_saved(both: Both, below: str) -> str:
    """Saves an image on one side, and returns the id that its stream tells."""
    client = both.served.client
    sd = client.get(f"{below}/api/v1/sds").json()["sds"][0]["name"]
    with client.stream("GET", f"{below}/api/v1/events") as stream:
        lines = stream.iter_lines()
        next(lines)
        data = make_picture("png", seed=4300 + len(below))
        saved = client.post(f"{below}/api/v1/images", params={"sd": sd}, content=data)
        assert saved.status_code == 201, saved.text
        told = next(line for line in lines if line.startswith("data:") and '"image_id"' in line)
    assert id_of(data) in told
    return told


def test_each_side_has_its_own_events(both: Both) -> None:
    """With ids of its own."""
    own, team = read_saved(both, "/local"), read_saved(both, "")
    assert own != team
    journals = [both.served.client.get(f"{below}/api/v1/journal").json() for below in ("", "/local")]
    sds = [{event["sd_id"] for event in journal["events"]} for journal in journals]
    assert not sds[0] & sds[1]


def test_without_folders_nothing_is_beside(
    both: Both, url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No second store, no switch, no cookie, and no path. Nor with folders, if the catalog is the home's own."""
    home = tmp_path_factory.mktemp("plain")
    with open_store(home, overrides={"catalog.url": url}) as store:
        assert open_beside(store) is None
        with serving(store) as served:
            assert len(served.client.cookies) == 1
            assert SWITCH not in served.client.get("/").text
            assert served.client.get("/local/").status_code == 404
        assert not (home / "catalog.db").exists()
        assert not (home / LOCAL_IMAGE_KEY_FILE).exists()
    assert open_beside(both.own) is None


def test_the_base_path_is_not_that_of_the_own_folders(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server could not tell whether a proxy has stripped the path."""
    web = both.team.settings.web.__class__(base_path="/local/")
    for store in (both.team, both.own):
        settings = store.settings.__class__(web=web)
        monkeypatch.setattr(store, "settings", settings)
    with pytest.raises(ConfigError, match="/local/"):
        create_site(both.team, both.own, port=1)
    create_site(both.own, None, port=1).close()


@pytest.mark.parametrize("below", ["", "/local"])
def test_an_image_is_waited_for_on_both_sides(both: Both, below: str) -> None:
    """Whichever catalog it comes to, it is shown at once. If it comes to none, the answer is the usual one."""
    client, data = both.served.client, make_picture("png", seed=4400 + len(below))
    sd = client.get(f"{below}/api/v1/sds").json()["sds"][0]["name"]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.get, f"/i/{id_of(data)}?wait=19")
        assert client.get(f"/i/{UNKNOWN}?wait=1").status_code == 404
        assert client.post(f"{below}/api/v1/images", params={"sd": sd}, content=data).status_code == 201
        assert waiting.result().content == data
