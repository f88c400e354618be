"""A home that uses a shared catalog, and has folders of its own in its own one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.postgres import shared_server
from builders.storage import id_of, make_storage_dir
from strandline import open_store
from strandline.cli.main import main
from strandline.errors import DaemonRunningError, ImageNotFoundError
from strandline.runtime.assembly import LocalStore
from strandline.runtime.daemon import run_daemon
from strandline.runtime.local_folders import count_local_folders, open_beside
from strandline.services.saving.tidy import remove_leftovers

PHOTO = make_picture("png", seed=4201)


@pytest.fixture
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A shared catalog, which the environment names."""
    with shared_server(request).lent_database() as url:
        monkeypatch.setenv("STRANDLINE_CATALOG_URL", url)
        yield url


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A folder of this machine."""
    return make_storage_dir(tmp_path / "My Vault", PHOTO)


def offered(text: str) -> list[str]:
    """The words of the first command that a message offers."""
    return shlex.split(re.findall("`strandline ([^`]*)`", text)[0])


def test_the_refusal_names_the_command_that_works(
    home: Path, url: str, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pasted, it adds the folder. From then on, the commands that list the others say how to see it."""
    assert main(["sd", "add", str(vault)]) == 5
    words = offered(capsys.readouterr().err)
    assert main(words) == 0
    capsys.readouterr()
    for asked in (["sd", "list"], ["status"]):
        main(asked)
        told = capsys.readouterr()
        assert "1 folder of this machine is in its own catalog" in told.err
        assert "My Vault" not in told.out + told.err
        main(offered(told.err.splitlines()[-1]))
        assert "My Vault" in capsys.readouterr().out
        main([*asked, "--json"])
        assert capsys.readouterr().err == ""


def test_every_command_takes_it_before_and_after(
    home: Path, url: str, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what it offers is for the same catalog."""
    main(["--local", "status"])
    assert "`strandline --local sd add PATH`" in capsys.readouterr().out
    main(["status"])
    assert "`strandline sd add PATH`" in capsys.readouterr().out
    assert main(["sd", "add", str(vault), "--local"]) == 0
    for words, status in (["--local", "exists"], 0), (["exists", "--local"], 0), (["exists"], 4):
        assert main([*words, str(id_of(PHOTO))]) == status
    assert main(["--local", "doctor"]) in (0, 1)
    assert "postgresql" not in capsys.readouterr().out


def test_it_works_while_the_server_is_away(
    home: Path, vault: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody asks it."""
    monkeypatch.setenv("STRANDLINE_CATALOG_URL", "postgresql:///pics?host=/nowhere")
    assert main(["ls"]) == 6
    assert main(["--local", "sd", "add", str(vault)]) == 0
    assert main(["--local", "ls"]) == 0
    assert str(id_of(PHOTO)) in capsys.readouterr().out


def test_without_a_shared_catalog_it_changes_nothing(
    home: Path, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is said, and nothing is named otherwise."""
    assert main(["sd", "add", str(vault)]) == 0
    capsys.readouterr()
    answers = []
    for words in (["sd", "list"], ["--local", "sd", "list"]):
        assert main(words) == 0
        answers.append(capsys.readouterr())
    assert answers[0] == answers[1]
    assert answers[0].err == ""
    assert {path.name for path in home.iterdir()} >= {"catalog.db", "scratch", "cache"}
    assert not (home / "scratch-shared").exists()


def test_one_process_has_both(home: Path, url: str, vault: Path) -> None:
    """Each with its own images and events. A second one of either is refused, and closing one leaves the other."""
    with open_store(home) as shared, open_store(home, local=True) as own:
        assert (shared.is_shared, own.is_shared) == (True, False)
        with run_daemon(shared), run_daemon(own):
            own.add_storage_dir(vault)
            assert own.get(id_of(PHOTO)).size_bytes == len(PHOTO)
            with pytest.raises(ImageNotFoundError):
                shared.get(id_of(PHOTO))
            for store in (shared, own):
                with pytest.raises(DaemonRunningError), run_daemon(store):
                    pass
        assert shared.journal.find_position().seq == 0
        shared.close()
        assert [sd.path for sd in own.list_storage_dirs()] == [str(vault)]


def test_a_server_that_shows_only_the_others_is_told_of(
    home: Path, url: str, vault: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It must be started again to show the first folder of this machine. Later ones appear by themselves."""
    add, hint = ["--local", "sd", "add", str(vault)], "once it is started again"
    with open_store(home) as shared, run_daemon(shared):
        assert main(add) == 0
        assert hint in capsys.readouterr().err
        with open_store(home, local=True) as own, run_daemon(own):
            assert main(add) == 0
            assert hint not in capsys.readouterr().err
    assert main(add) == 0
    assert hint not in capsys.readouterr().err


def test_what_counts_is_a_folder(home: Path, url: str, vault: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An empty file and a catalog without folders are none. If nobody can read one, a server's log says so."""
    assert count_local_folders(home) == 0
    (home / "catalog.db").touch()
    assert count_local_folders(home) == 0
    with open_store(home, local=True) as own:
        assert count_local_folders(home) == 0
        own.add_storage_dir(vault)
        assert count_local_folders(home) == 1
    (home / "catalog.db").write_bytes(b"not a catalog" * 1000)
    assert count_local_folders(home) == 0
    with open_store(home) as shared:
        assert open_beside(shared) is None
    assert "this machine's own folders are not served" in caplog.text


def test_a_shared_catalog_leaves_the_notes_of_the_other_one(home: Path, url: str) -> None:
    """A note says that a temporary in a folder is this machine's. Only who knows the folder may remove it."""

    def tidy_a_day_later(store: LocalStore) -> None:
        bench = store.bench
        bench.now = lambda: datetime.now(UTC) + timedelta(days=2)
        remove_leftovers(bench, [], [])

    name = f".~{'0' * 32}.tmp"
    with open_store(home) as shared, open_store(home, local=True) as own:
        note = own.bench.scratch / name
        note.touch()
        tidy_a_day_later(shared)
        assert note.exists()
        tidy_a_day_later(own)
        assert not note.exists()
