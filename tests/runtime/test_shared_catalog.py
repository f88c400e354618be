"""A store on a catalog that many machines share: the same commands, and no folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.postgres import shared_server
from builders.storage import make_storage_dir
from strandline import open_store
from strandline.cli.main import main
from strandline.errors import CatalogAwayError, ConfigError, UnsuitableFolderError


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of its own on a real server."""
    with shared_server(request).lent_database() as url:
        yield url


def test_a_store_opens_on_it(home: Path, url: str) -> None:
    """Two homes have the same catalog, and keep none of their own."""
    with (
        open_store(home, overrides={"catalog.url": url}) as store,
        open_store(home.with_name("other"), overrides={"catalog.url": url}) as other,
    ):
        assert store.bench.catalog.epoch == other.bench.catalog.epoch
        assert store.list_storage_dirs() == []
        (catalog,) = [check for check in store.check_health() if check.name == "catalog"]
        assert catalog.ok
        assert "postgresql://strandline@" in catalog.message
    assert not list(home.glob("catalog.db*"))


def test_a_folder_is_refused_and_nothing_is_written(home: Path, url: str, tmp_path: Path) -> None:
    """The explanation says where it belongs, and there it is added."""
    root = make_storage_dir(tmp_path / "Notes")
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    with open_store(home, overrides={"catalog.url": url}) as store:
        with pytest.raises(UnsuitableFolderError, match=r"own catalog with `strandline --local sd add "):
            store.add_storage_dir(root)
        assert store.list_storage_dirs() == []
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before
    with open_store(home, local=True, overrides={"catalog.url": url}) as store:
        assert store.add_storage_dir(root).sd.path == str(root)


def test_the_command_line_uses_it(
    home: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the environment, as servers are configured."""
    monkeypatch.setenv("STRANDLINE_CATALOG_URL", url)
    assert main(["--json", "ls"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == []
    assert main(["sd", "add", str(home.parent)]) == 5
    monkeypatch.setenv("STRANDLINE_CATALOG_URL", "postgresql:///pics?host=/nowhere")
    assert main(["ls"]) == 6
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url",
    [
        "mysql://db/pics",
        "pics",
        "postgresql://ann:secret@db/pics",
        "postgresql://ann@db/pics?password=secret",
    ],
)
def test_an_address_with_a_password_is_refused(home: Path, url: str) -> None:
    """``config show`` would show it. Other databases are not known."""
    with pytest.raises(ConfigError, match="postgresql://user@host/database"):
        open_store(home, overrides={"catalog.url": url})


def test_an_address_that_makes_no_sense_is_a_setting_to_mend(home: Path) -> None:
    """Not an internal error. PostgreSQL's own words would repeat parts of it."""
    with pytest.raises(ConfigError, match="which PostgreSQL does not understand"):
        open_store(home, overrides={"catalog.url": "postgresql://db/pics?weather=fine"})


def test_a_server_that_is_away_is_told(home: Path) -> None:
    """As the store is opened."""
    with pytest.raises(CatalogAwayError):
        open_store(home, overrides={"catalog.url": "postgresql:///pics?host=/nowhere"})
