"""Users whom a proxy names: believed from its address only, with the role of the settings; and who is ready."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.proxies import find_free_ports, get_block, running_nginx
from builders.served import Served, serving_storage_dir
from strandline.errors import ConfigError
from strandline.model.access import Role
from strandline.runtime.assembly import open_store
from strandline.runtime.setting_sections import WebSettings
from strandline.web.app import create_app
from strandline.web.proxies import Proxies, read_proxies

SETTINGS = WebSettings(
    user_header="X-Remote-User",
    trusted_proxies="10.0.0.5 10.1.0.0/24 ::1",
    admin_users="ada grace@example.org",
)
PROXIES = read_proxies(SETTINGS)


@pytest.mark.parametrize(
    ("peer", "values", "expected"),
    [
        ("10.0.0.5", [b"bob"], Role.READ),
        ("10.1.0.77", [b"ada"], Role.ADMIN),
        ("::1", [b"grace@example.org"], Role.ADMIN),
        ("::ffff:10.0.0.5", [b"bob"], Role.READ),
        ("10.0.0.6", [b"ada"], None),
        ("127.0.0.1", [b"ada"], None),
        ("", [b"ada"], None),
        ("10.0.0.5, 1.2.3.4", [b"ada"], None),
        ("10.0.0.5", [], None),
        ("10.0.0.5", [b""], None),
        ("10.0.0.5", [b"  "], None),
        ("10.0.0.5", [b"bob", b"ada"], None),
        ("10.0.0.5", [b"a\x07da"], None),
        ("10.0.0.5", [b"a" * 300], None),
        ("10.0.0.5", [b"Ada"], Role.READ),
        ("10.0.0.5", ["Jos\u00e9".encode()], Role.READ),
    ],
)
def test_a_user_is_believed_from_the_proxy_only(
    peer: str, values: list[bytes], expected: Role | None
) -> None:
    """Two names are none: one of them may be what the client sent."""
    found = PROXIES.find_user(peer, values)
    assert (None if found is None else found.role) is expected
    assert Proxies().find_user(peer, values) is None


def test_the_settings_must_name_both() -> None:
    """A header that counts from nowhere is a mistake. So is a network of everybody."""
    with pytest.raises(ConfigError, match="trusted_proxies"):
        read_proxies(WebSettings(user_header="X-User"))
    assert not read_proxies(WebSettings(trusted_proxies="10.0.0.5")).header


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRUSTED_PROXIES", "0.0.0.0/0"),
        ("TRUSTED_PROXIES", "::/0"),
        ("TRUSTED_PROXIES", "proxy.lan"),
        ("USER_HEADER", "Cookie"),
        ("USER_HEADER", "X User"),
        ("USER_ROLE", "root"),
        ("USER_HEADER", "X-Remote-User"),
    ],
)
def test_what_nobody_can_mean_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """When the settings are read, or when the server starts."""
    monkeypatch.setenv(f"STRANDLINE_WEB_{name}", value)
    with pytest.raises(ConfigError), open_store(tmp_path) as store:
        create_app(store, port=1)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server that believes a proxy on this machine."""
    monkeypatch.setenv("STRANDLINE_WEB_USER_HEADER", "X-Remote-User")
    monkeypatch.setenv("STRANDLINE_WEB_TRUSTED_PROXIES", "127.0.0.1")
    monkeypatch.setenv("STRANDLINE_WEB_ADMIN_USERS", "ada")
    with serving_storage_dir(tmp_path, make_picture("jpg", seed=1)) as it:
        yield it


def test_a_user_reads_and_an_administrator_changes(served: Served) -> None:
    """As their roles allow, from our own pages only: a browser sends the proxy's cookie with every site's form."""
    body = {"x-remote-user": "bob"}
    with served.as_stranger() as browser:
        assert browser.get("/api/v1/sds").status_code == 401
        assert browser.get("/api/v1/sds", headers=body).status_code == 200
        assert browser.post("/api/v1/scans", json={}, headers=body).status_code == 403
        ada = {"x-remote-user": "ada", "x-forwarded-for": "203.0.113.9"}
        assert browser.post("/api/v1/scans", json={}, headers=ada).status_code == 202
        line = served.store.audit.list_newest(limit=1)[0]
        assert (line.who, line.address) == ("user ada", "203.0.113.9")
        elsewhere = ada | {"origin": "https://evil.example"}
        assert browser.post("/api/v1/scans", json={}, headers=elsewhere).status_code == 403
        assert browser.get("/", headers=body | {"accept": "text/html"}).status_code == 200


def test_a_token_counts_before_a_user(served: Served) -> None:
    """A program behind the same proxy has the rights of its token, and no more."""
    text = served.store.tokens.create("read").text
    served.app.door.guard = served.app.door.read_guard()
    headers = {"x-remote-user": "ada", "authorization": f"Bearer {text}"}
    with served.as_stranger() as program:
        assert program.get("/api/v1/sds", headers=headers).status_code == 200
        assert program.post("/api/v1/scans", json={}, headers=headers).status_code == 403


def test_a_server_is_ready_while_its_catalog_answers(served: Served) -> None:
    """Everybody may ask, and learns nothing else. That it runs is another question."""
    with served.as_stranger() as monitor:
        assert (monitor.get("/readyz").status_code, monitor.get("/readyz").text) == (200, "ok")
        served.store.bench.catalog.close()
        served.app.backend.readiness._known = None
        answer = monitor.get("/readyz")
        assert (answer.status_code, answer.text) == (503, "not ready")
        assert monitor.head("/readyz").status_code == 503
        assert monitor.get("/healthz").status_code == 200


def test_a_real_proxy_signs_people_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """nginx asks for a password, and says who gave it. What a client says itself does not get through."""
    ports = find_free_ports()
    for name, value in {
        "PUBLIC_URL": f"https://pics.lan:{ports[0]}/",
        "USER_HEADER": "X-Remote-User",
        "TRUSTED_PROXIES": "127.0.0.1",
        "ADMIN_USERS": "ada",
    }.items():
        monkeypatch.setenv(f"STRANDLINE_WEB_{name}", value)
    (tmp_path / "people").write_text("ada:{PLAIN}one\nbob:{PLAIN}two\n")
    (tmp_path / "people").chmod(0o644)
    asks = f'auth_basic "pics"; auth_basic_user_file {tmp_path / "people"};'
    config = get_block("nginx", 0).replace(
        "proxy_read_timeout", f"{asks} proxy_set_header X-Remote-User $remote_user; proxy_read_timeout", 1
    )
    assert asks in config
    (tmp_path / "proxy").mkdir()
    with (
        serving_storage_dir(tmp_path, make_picture("jpg", seed=1)) as served,
        running_nginx(
            config, tmp_path / "proxy", ports, served.address.port, host="pics.lan", base=""
        ) as front,
        front.client() as client,
    ):
        client.headers["origin"] = front.origin
        assert client.get("api/v1/sds").status_code == 401
        assert client.get("api/v1/sds", headers={"x-remote-user": "ada"}).status_code == 401
        assert client.get("api/v1/sds", auth=("bob", "two")).status_code == 200
        lies = {"x-remote-user": "ada"}
        refused = client.post("api/v1/scans", json={}, auth=("bob", "two"), headers=lies)
        assert (refused.status_code, refused.json()["code"]) == (403, "not-allowed")
        assert client.post("api/v1/scans", json={}, auth=("ada", "one")).status_code == 202
        assert "Notes" in client.get("", auth=("bob", "two"), headers={"accept": "text/html"}).text
        newest, before = served.store.audit.list_newest(limit=2)
        assert [(line.who, line.status) for line in (before, newest)] == [
            ("user bob", 403),
            ("user ada", 202),
        ]
