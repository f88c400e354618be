"""``strandline serve`` with a shared catalog and folders of this machine: both are watched, and both end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builders.many_servers import LIMIT_S, end, start
from builders.pictures import make_picture
from builders.postgres import shared_server
from builders.program import run
from builders.storage import id_of, make_storage_dir, name_of


def test_a_server_watches_both(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The link that it prints opens both sides, and an image that another program puts into the folder is there."""
    home, vault, data = (
        tmp_path / "home",
        make_storage_dir(tmp_path / "Vault"),
        make_picture("png", seed=4501),
    )
    with shared_server(request).lent_database() as url:
        environment = {"STRANDLINE_CATALOG_URL": url, "PYTHONWARNINGS": "error"}
        assert run("--home", home, "--local", "sd", "add", vault).status == 0
        server = start(home, environment)
        try:
            with server.client() as browser:
                assert browser.get(server.link).status_code == 303
                assert 'href="/local/"' in re.sub(r"\s+", " ", browser.get("/").text)
                (vault / "media" / name_of(data)).write_bytes(data)
                shown = browser.get(f"i/{id_of(data)}", params={"wait": int(LIMIT_S)})
                assert (shown.status_code, shown.content) == (200, data)
                assert browser.get("api/v1/images").json()["images"] == []
            second = run("--home", home, "--local", "serve", "--port", "0")
            assert (second.status, "already watches" in second.stderr) == (5, True)
        finally:
            end(server)
        assert server.process.returncode == 0
        assert not (home / "server-address").exists()
