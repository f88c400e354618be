"""Ends that nobody plans for: a full stdout, a folder that went away, a user without a home."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from builders.command_home import CommandHome
from builders.program import command_line, run, run_process
from strandline.errors import ConfigError, StorageDirOfflineError
from strandline.model.sync_status import TreeEntry
from strandline.runtime.settings import find_home
from strandline.store import Store


def test_an_error_that_cannot_be_written_as_json_is_told(made: CommandHome) -> None:
    """In two lines on stderr: what went wrong, and why it is not on stdout. The status is that of the first."""
    made.make_storage_dir()
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            command_line("info", "--json", "0" * 32), stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ended.returncode == 4
    first, second = ended.stderr.decode().splitlines()
    assert "cannot write to the standard output" in second
    assert "0" * 32 in first


def test_a_list_that_cannot_begin_is_one_document(made: CommandHome) -> None:
    """The error alone."""
    root = made.make_storage_dir()
    shutil.move(root, made.folder / "away")
    ran = run("inspect", "tree", "Notes", "--json")
    assert ran.status == 6
    assert ran.json["error"]["code"] == "sd-offline"


def test_a_list_that_an_error_ends_is_one_document(
    made: CommandHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the items until then, and the error at its end."""
    made.make_storage_dir()

    def iter_some(*_: object) -> Iterator[TreeEntry]:
        yield TreeEntry("a", "file", 1, "note", None, None)
        raise StorageDirOfflineError("it went away")

    monkeypatch.setattr(Store, "iter_tree", iter_some)
    ran = run("inspect", "tree", "Notes", "--json")
    assert ran.status == 6
    assert [entry["path"] for entry in ran.json["entries"]] == ["a"]
    assert ran.json["error"]["code"] == "sd-offline"
    assert ran.stderr == "strandline: it went away\n"


@pytest.mark.parametrize("release", ["raises", "leaves the ~"])
def test_a_user_without_a_home_directory_is_told_what_to_set(
    monkeypatch: pytest.MonkeyPatch, release: str
) -> None:
    """Whatever a release of platformdirs does about it."""

    def find_nobody(_: int) -> None:
        raise KeyError("uid not found")

    for name in ("HOME", "XDG_DATA_HOME", "STRANDLINE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", find_nobody)
    if release != "raises":
        monkeypatch.setattr(
            platformdirs, "user_data_path", lambda *_, **__: Path("~/.local/share/strandline")
        )
    with pytest.raises(ConfigError, match="no home directory; set HOME"):
        find_home(None, {})
    ran = run("ls", "--json")
    assert (ran.status, ran.json["error"]["code"]) == (2, "bad-config")
    assert len(ran.stderr.splitlines()) == 1


def test_a_relative_home_needs_a_current_folder(tmp_path: Path) -> None:
    """If it is gone, that is said."""
    gone = tmp_path / "gone"
    gone.mkdir()
    program = "import os, sys; os.rmdir(os.getcwd()); from strandline.cli.main import main; sys.exit(main())"
    ended = subprocess.run(
        [sys.executable, "-c", program, "--home", "here", "ls"], cwd=gone, capture_output=True, check=False
    )
    assert ended.returncode == 2
    assert b"--home: the current folder is gone" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_closed_and_missing_input_is_no_fault(made: CommandHome, tmp_path: Path) -> None:
    """A baseline from a closed stdin, completion without its shell, and a target that is too long."""
    image = made.put(made.make_storage_dir())
    assert run("scan").status == 0
    ended = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *map(str, command_line("check", tmp_path, "--baseline", "-"))],
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, b"standard input is closed" in ended.stderr) == (4, True)
    ran = run_process(environ={"_STRANDLINE_COMPLETE": "bash_complete"})
    assert (ran.status, "did not say what to complete" in ran.stderr) == (2, True)
    assert run("get", image, "-o", tmp_path).status == 0
    for target in ("x" * 300, f"{'x' * 300}/", f"{'x' * 300}/y"):
        ran = run("get", image, "-o", os.path.join(tmp_path, target))
        assert ran.status in (2, 8), ran.stderr


def test_any_name_of_a_storage_directory_can_be_inspected(made: CommandHome, tmp_path: Path) -> None:
    """After ``--``, also one that looks like an option or a subcommand. Hints name a command that exists."""
    for name in ("-x", "tree"):
        root = made.make_storage_dir(f"folder of {name}", is_added=False)
        assert run("sd", "add", root, f"--name={name}").status == 0
        assert run("inspect", "--", name).text.startswith(f"{name}  (")
    assert len(run("inspect", "--json", "--", "-x", "tree").json["sds"]) == 2
    assert run("inspect", "tree", "--json", "--", "-x").json["entries"]
    assert "`strandline inspect --help`" in run("inspect", "--bogus").stderr


def test_a_setting_is_changed_although_another_one_is_wrong(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written and answered, and the other one is told. So they can be mended one after the other."""
    (home / "config.toml").write_text('[log]\nlevel = "loud"\n[web]\nport = -1\n')
    ran = run("config", "set", "save.max_bytes", "5000", "--json")
    assert (ran.status, ran.json) == (0, {"key": "save.max_bytes", "value": 5000, "origin": "file"})
    assert "log.level is 'loud'" in ran.stderr
    ran = run("config", "unset", "log.level", "--json")
    assert (ran.status, ran.json["origin"]) == (0, "default")
    assert "web.port is -1" in ran.stderr
    monkeypatch.setenv("STRANDLINE_WEB_PORT", "x")
    ran = run("config", "set", "web.port", "9000", "--json")
    assert (ran.status, ran.json) == (0, {"key": "web.port", "value": 9000, "origin": "file"})
    assert "STRANDLINE_WEB_PORT: web.port is 'x'" in ran.stderr
    monkeypatch.delenv("STRANDLINE_WEB_PORT")
    assert run("config", "show").status == 0
