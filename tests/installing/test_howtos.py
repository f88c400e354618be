"""The pages that people type from: every command works as typed, in a fresh account."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.storage import id_of
from installing.account import PROJECT, Account, list_typed
from strandline import open_store

UNITS = ["strandline.service", "strandline-system.service"]


@pytest.fixture
def account(tmp_path: Path) -> Account:
    """An account with a folder ``~/Notes`` that has one image."""
    account = Account(tmp_path)
    (account.home / "cat.png").write_bytes(make_picture("png"))
    account.type(["mkdir Notes", "strandline sd add Notes", "strandline save cat.png"])
    return account


def names_in(account: Account, home: str) -> list[object]:
    """The original names that a home of the account knows."""
    with open_store(account.home / home) as store:
        origins = store.export_catalog()["origins"]
    assert isinstance(origins, list)
    return [origin["original_name"] for origin in origins]


@pytest.mark.slow
def test_backup_restore_and_move(account: Account) -> None:
    """Names and trash survive a new computer and a lost catalog, and the folder and the home are found where they
    were moved.
    """
    (account.home / "dog.png").write_bytes(make_picture("png", seed=1))
    dog = id_of(make_picture("png", seed=1))
    account.type(["strandline save dog.png", f"strandline delete {dog}"])
    typed = list_typed("docs/howto/backup-and-move.md")
    at = typed.index("strandline sd add ~/Notes")
    account.type([*typed[:at], "mv ~/.local/share/strandline ~/old-computer", *typed[at:]])
    assert sorted(map(str, names_in(account, "strandline-home"))) == ["cat.png", "dog.png"]
    with open_store(account.home / "strandline-home") as store:
        [notes] = store.list_storage_dirs()
        assert (notes.path, notes.state) == (str(account.home / "Sync/Notes"), "online")
        assert store.get(id_of(make_picture("png"))).read() == make_picture("png")
        assert [change.image_id for change in store.trash.restore([dog]).done] == [dog]
    account.environment["STRANDLINE_HOME"] = str(account.home / "strandline-home")
    account.type(["! echo '{' | strandline catalog import -"])


@pytest.mark.slow
def test_monitoring(account: Account) -> None:
    """Against a server that runs, on another port, so that tests can run side by side."""
    pages = ("docs/howto/monitor.md", "docs/howto/run-as-a-service.md")
    programs = ("strandline", "token", "curl")
    typed = [line for page in pages for line in list_typed(page) if line.startswith(programs)]
    with account.serving("strandline serve") as address:
        said = account.type([line.replace("http://127.0.0.1:8484/", address) for line in typed])
    assert said.count('{"checks":[') == 2
    assert said.count("All is well: ") == 2
    assert "\nstrandline_images 1\n" in said


@pytest.mark.slow
def test_two_users(account: Account) -> None:
    """What root does is only noted here. What a user does works on a folder that others have made."""
    pictures = account.home / "pictures"
    pictures.mkdir()
    typed = list_typed("docs/howto/two-users.md")
    account.type([line.replace("/srv/pictures", str(pictures)) for line in typed])
    assert (pictures / "SD_ID").is_file()
    assert f"sudo install -d -m 2770 -g pictures {pictures}" in account.list_calls()


@pytest.mark.slow
def test_behind_a_proxy(account: Account) -> None:
    """The setting is taken, and the link is for the proxy's address. tests/web runs the proxies."""
    configure, sign_in = list_typed("docs/howto/reverse-proxy.md")
    account.type([configure])
    with account.serving("strandline serve") as address:
        assert account.type([sign_in]).startswith("https://pics.lan/sign-in?code=")
    assert address.startswith("http://127.0.0.1:")


@pytest.mark.slow
def test_a_service_for_oneself(tmp_path: Path) -> None:
    """The unit is in the place where systemd looks for it."""
    account = Account(tmp_path)
    os.symlink(PROJECT / "deploy", account.home / "deploy")
    linux = [
        line
        for line in list_typed("docs/howto/run-as-a-service.md")
        if not any(word in line for word in ("Launch", "token", "sign-in"))
    ]
    account.type(linux)
    assert (account.home / ".config/systemd/user/strandline.service").is_file()
    assert "systemctl --user enable --now strandline" in account.list_calls()


@pytest.mark.parametrize("name", UNITS)
def test_the_units_are_what_systemd_understands(name: str, tmp_path: Path) -> None:
    """It reports unknown settings and values. The program is replaced, because it is not installed here."""
    unit = tmp_path / name
    text = (PROJECT / "deploy" / name).read_text()
    unit.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    mode = "--system" if "system" in name else "--user"
    run = subprocess.run(
        ["systemd-analyze", mode, "verify", "--man=no", unit],
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
