"""The home belongs to its owner alone (SPEC §11): new ones, and those that an earlier version left open."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from builders.identity_folders import as_somebody_without_rights
from builders.pictures import make_picture
from builders.program import run
from builders.storage import id_of, make_storage_dir, name_of
from strandline.errors import DiskFullError
from strandline.runtime.assembly import open_store
from strandline.runtime.web_secrets import TOKEN_FILE, ensure_secret

PHOTO = make_picture("jpg", seed=1)

SOMEBODY = 23456
"""A user that is not root."""


@contextmanager
def usual_umask() -> Iterator[None]:
    """Everybody may read what is made, as on most systems."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def list_open_to_others(home: Path) -> list[str]:
    """The home and what is in it, if group or others have a right there."""
    places = (home, *home.iterdir())
    return [place.name for place in places if place.lstat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]


def test_nobody_else_can_read_a_new_home(tmp_path: Path) -> None:
    """Catalog, WAL, thumbnails, and what commands leave: while they run, and later."""
    home = tmp_path / "deep" / "home"
    root = make_storage_dir(tmp_path / "Notes", PHOTO)
    with usual_umask():
        with open_store(home) as store:
            store.add_storage_dir(root)
            store.thumbnail(id_of(PHOTO), size=100)
            ensure_secret(home / TOKEN_FILE)
            names = {path.name for path in home.iterdir()}
            assert {"catalog.db", "catalog.db-wal", "cache", "scratch"} <= names
            assert list_open_to_others(home) == []
        assert list_open_to_others(home) == []


def test_an_open_home_is_closed_at_the_next_start(tmp_path: Path) -> None:
    """Also a file of a person in it. A link in it, and a storage directory, keep their rights."""
    home, outside = tmp_path / "home", tmp_path / "outside.toml"
    root = make_storage_dir(tmp_path / "Notes", PHOTO)
    with usual_umask():
        home.mkdir()
        outside.touch()
        (home / "config.toml").touch()
        (home / "link").symlink_to(outside)
        with open_store(home) as store:
            store.add_storage_dir(root)
    for path in (home, *home.iterdir()):
        path.chmod(path.stat().st_mode | 0o055)
    with open_store(home):
        assert list_open_to_others(home) == ["link"]  # a link has all rights; its target counts
    assert stat.S_IMODE(outside.stat().st_mode) & 0o044
    assert stat.S_IMODE((root / "media" / name_of(PHOTO)).stat().st_mode) & 0o044


def test_a_secret_that_cannot_be_written_is_not_called_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk, the message says what could not be done."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(DiskFullError, match=r"cannot write a new secret to .*No space left"):
        ensure_secret(tmp_path / TOKEN_FILE)
    assert list(tmp_path.iterdir()) == []


def test_what_root_makes_in_another_users_home_belongs_to_that_user(home: Path, tmp_path: Path) -> None:
    """Otherwise its service could not start. A link, and a file that also has a name elsewhere, keep their owner.

    Only root can be in this situation. For others, all of it is theirs anyway.
    """
    me = os.geteuid()
    somebody = SOMEBODY if me == 0 else me
    root = make_storage_dir(tmp_path / "Notes", PHOTO)
    home.mkdir(mode=0o700, exist_ok=True)
    os.chown(home, somebody, -1)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("of root")
    (home / "link").symlink_to(elsewhere)
    (home / "twin").hardlink_to(elsewhere)
    for command in (
        ("config", "set", "web.port", "8485"),
        ("token", "show"),
        ("token", "rotate"),
        ("sd", "add", str(root)),
        ("scan",),
        ("thumbnail", id_of(PHOTO), "-o", str(tmp_path / "small")),
        ("delete", id_of(PHOTO)),
        ("watch", "--once"),
    ):
        assert run(*command).status == 0, command
        owners = {
            path.relative_to(home).as_posix(): path.lstat().st_uid
            for path in (home, *home.rglob("*"))
            if path.name != "twin"
        }
        assert {name for name, owner in owners.items() if owner != somebody} == set(), command
    assert elsewhere.stat().st_uid == me


def test_the_home_of_another_user_is_no_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An administrator forgets to become the service's user. Each command says whose home it is, and what to do."""
    with as_somebody_without_rights() as folder:
        home = folder / "home"
        home.mkdir()
        monkeypatch.setenv("TMPDIR", str(folder))
        home.chmod(0)
        try:
            for command in ("status", "ls", "token list", "sd list"):
                asked = run("--home", home, *command.split())
                assert asked.status in (2, 8), asked.stderr
                assert (
                    f"you may not use the home {home}" in asked.stderr or "you may not read" in asked.stderr
                )
            assert run("--home", home, "doctor").status in (1, 2)
        finally:
            home.chmod(0o700)
