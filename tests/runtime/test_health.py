"""Health: each check says what is right, what is wrong, and what to do; and no check crashes."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.catalogs import drop_idle_connections
from builders.clocks import FakeClock
from builders.identity_folders import as_somebody_without_rights
from builders.snapshots import snapshot
from builders.storage import make_pictures, make_storage_dir
from strandline import open_store
from strandline.errors import CatalogAwayError, CatalogError
from strandline.folders.filesystems import Mount, MountKind
from strandline.folders.local import LocalFolder
from strandline.model.reports import Check
from strandline.runtime import health
from strandline.runtime.assembly import LocalStore


def checks_of(store: LocalStore) -> dict[str, Check]:
    """The checks by name. Each failed one says what to do."""
    checks = store.check_health()
    for check in checks:
        assert check.ok or check.remedy
        assert check.to_json().keys() == {"name", "ok", "message", "remedy"}
    assert len({check.name for check in checks}) == len(checks)
    return {check.name: check for check in checks}


def test_a_healthy_machine(home: Path, tmp_path: Path) -> None:
    """Everything that this suite needs is fine, in the order in which a person would ask."""
    root = make_storage_dir(tmp_path / "Notes")
    theirs = make_storage_dir(tmp_path / "Theirs")
    with open_store(home) as store:
        store.add_storage_dir(root)
        store.add_storage_dir(theirs, read_only=True)
        before = snapshot(root)
        checks = checks_of(store)
        assert snapshot(root) == before
    names = list(checks)
    assert names[:4] == ["catalog", "home", "storage directory Notes", "storage directory Theirs"]
    assert names[-3:] == ["HEIC decoder", "decoder process", "clock"]
    assert all(check.ok for name, check in checks.items() if "inotify" not in name)
    assert "watched natively" in checks["storage directory Notes"].message
    assert "read-only by choice" in checks["storage directory Theirs"].message


def test_a_catalog_whose_pages_are_broken(home: Path, tmp_path: Path) -> None:
    """SQLite's own check finds it, or its refusal to read. The remedy says that no image is lost."""
    with open_store(home) as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Notes", *make_pictures(50)))
    catalog = home / "catalog.db"
    data = bytearray(catalog.read_bytes())
    for page in range(4096, len(data), 4096):
        data[page + 8 : page + 600] = b"\xa5" * 592
    store = open_store_lazily(home)
    catalog.write_bytes(data)
    with store:
        checks = checks_of(store)
    assert not checks["catalog"].ok
    assert "no image is lost" in (checks["catalog"].remedy or "")
    assert checks["libvips"].ok


def open_store_lazily(home: Path) -> LocalStore:
    """A store that was opened while the catalog was whole, with nothing of it in memory."""
    shutil.copy(home / "catalog.db", home / "whole")
    store = open_store(home)
    drop_idle_connections(store.bench.catalog)
    return store


def test_a_catalog_that_does_not_answer_is_not_damaged(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told to restore a backup because a server was stopped."""
    with open_store(home) as store:

        def fail() -> list[str]:
            raise CatalogAwayError("the server of the catalog does not answer; try again, or start it")

        monkeypatch.setattr(type(store.bench.catalog), "check_integrity", lambda _: fail())
        catalog = next(check for check in store.check_health() if check.name == "catalog")
    assert not catalog.ok
    assert catalog.message == "the server of the catalog does not answer; try again, or start it"
    assert "nothing need be restored" in str(catalog.remedy)


def test_storage_directories_that_are_not_fit(tmp_path: Path) -> None:
    """Offline, incomplete, or not writable in root or media: each says which, and what to do."""
    with as_somebody_without_rights() as folder, open_store(folder / "home") as store:
        roots = {name: make_storage_dir(folder / name) for name in ("away", "torn", "closed", "shut", "fine")}
        for root in roots.values():
            store.add_storage_dir(root)
        roots["away"].rename(folder / "elsewhere")
        (roots["torn"] / "SD_ID").write_text("")
        roots["closed"].chmod(0o500)
        (roots["shut"] / "media").chmod(0o500)
        checks = checks_of(store)
        for name in ("closed", "shut"):
            roots[name].chmod(0o700)
    told = {name: checks[f"storage directory {name}"] for name in roots}
    assert [name for name, check in told.items() if check.ok] == ["fine"]
    assert told["away"].message.startswith("offline: ")
    assert told["torn"].message.startswith("incomplete: ")
    assert str(roots["closed"]) in told["closed"].message
    assert str(roots["shut"] / "media") in told["shut"].message


def test_a_read_only_mount_is_not_a_matter_of_rights() -> None:
    """Nobody can give himself rights that change it."""
    with as_somebody_without_rights() as folder, open_store(folder / "home") as store:
        root = make_storage_dir(folder / "Stick")
        store.add_storage_dir(root)
        stick = Mount(root, "vfat", MountKind.LOCAL, keeps_inodes=False, read_only=True)
        store.bench.find_mount = lambda _path: stick
        store.bench._mounts.clear()
        root.chmod(0o500)
        check = checks_of(store)["storage directory Stick"]
        root.chmod(0o700)
    assert (check.ok, check.message) == (False, f"{root} is mounted read-only")
    assert (check.remedy or "").startswith(
        "mount it writable; or if it is only to be read, run `strandline sd add --read-only "
    )


def test_a_polled_folder_is_said_to_be(home: Path, tmp_path: Path) -> None:
    """Without change notices, people should know why changes take a few seconds."""
    root = make_storage_dir(tmp_path / "Share")
    with open_store(home) as store:
        store.add_storage_dir(root)
        share = Mount(root, "cifs", MountKind.NETWORK, keeps_inodes=False, read_only=False)
        store.bench.find_mount = lambda _path: share
        store.bench._mounts.clear()
        assert "on cifs, polled" in checks_of(store)["storage directory Share"].message


def test_a_media_folder_that_cannot_be_listed_is_not_called_writable() -> None:
    """Whether or not a scan has met it: this user lacks the right to read."""
    with as_somebody_without_rights() as folder, open_store(folder / "home") as store:
        root = make_storage_dir(folder / "Notes", *make_pictures(3))
        store.add_storage_dir(root)
        for mode in (0o300, 0o000):
            (root / "media").chmod(mode)
            for _ in range(2):
                check = checks_of(store)["storage directory Notes"]
                assert (check.ok, check.message) == (False, f"{root}/media cannot be listed")
                assert "right to read" in (check.remedy or "")
                store.scan()
        (root / "media").chmod(0o700)
        store.scan()
        assert checks_of(store)["storage directory Notes"].ok


def test_a_full_disk_is_called_so(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights are not the matter. A place that does not say how much room it has is not called full."""
    with open_store(home) as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Notes"))
        free_bytes: int | None
        for free_bytes, is_fit in ((0, False), (health.ENOUGH_BYTES, True), (None, True)):
            monkeypatch.setattr(LocalFolder, "find_free_bytes", lambda _self, free=free_bytes: free)
            check = checks_of(store)["storage directory Notes"]
            assert check.ok is is_fit
            assert is_fit or (
                " left, so hardly a picture" in check.message and "make room" in (check.remedy or "")
            )


def test_a_home_that_cannot_be_written_to() -> None:
    """If the scratch folder is gone, the home's check reports it, and the clock's check still works."""
    with as_somebody_without_rights() as folder, open_store(folder / "home") as store:
        shutil.rmtree(folder / "home" / "scratch")
        checks = checks_of(store)
    assert not checks["home"].ok
    assert checks["clock"].ok


@pytest.mark.parametrize(
    "now",
    [datetime(1970, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=400)],
    ids=["1970", "next year"],
)
def test_a_clock_that_is_wrong(home: Path, now: datetime) -> None:
    """Before this program was written, or far from the disk's time."""
    with open_store(home, now=FakeClock(now).now) as store:
        clock = checks_of(store)["clock"]
    assert not clock.ok
    assert f"{now:%Y}" in clock.message


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
@pytest.mark.parametrize(
    ("watches", "instances", "fine"),
    [
        ("65536", "128", [True, True]),
        ("10", "2", [False, False]),
        ("65536", None, [True, False]),
        ("x", "128", [False, True]),
    ],
)
def test_the_systems_limits(
    tmp_path: Path, watches: str | None, instances: str | None, fine: list[bool]
) -> None:
    """Enough, too few, or unknown. If too few, the check shows the command that raises them."""
    for name, value in (("max_user_watches", watches), ("max_user_instances", instances)):
        if value is not None:
            (tmp_path / name).write_text(f"{value}\n")
    checks = list(health._iter_change_notice_checks(tmp_path))
    assert [check.ok for check in checks] == fine
    if watches == "10":
        assert "sysctl fs.inotify.max_user_watches=" in (checks[0].remedy or "")


def test_a_library_of_the_core_that_was_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most commands do not need it, so nobody may have noticed. The check shows what to type."""
    assert health._check_core().ok
    monkeypatch.setitem(sys.modules, "pyromark", None)
    check = health._check_core()
    assert not check.ok
    assert "'pyromark'" in check.message
    assert (check.remedy or "").startswith("type: ")
    assert {each.name for each in health.check_machine(CatalogError("broken")) if not each.ok} >= {"core"}


def test_each_folder_of_named_pictures_takes_a_watch(home: Path, tmp_path: Path) -> None:
    """Except those that are passed over. The limit must have room for all."""
    root = tmp_path / "Vault"
    for path in ("a/b/c", "a/d", ".git/objects", "node_modules/x"):
        (root / path).mkdir(parents=True)
    (root / "a/one.png").write_bytes(make_pictures(1)[0])
    with open_store(home) as store:
        sd = store.add_storage_dir(root).sd
        assert health._count_watches(store.bench, sd) == 5
    (tmp_path / "max_user_watches").write_text("66")
    assert not next(iter(health._iter_change_notice_checks(tmp_path, health.ENOUGH_WATCHES + 5))).ok


def test_a_decoder_that_is_not_there() -> None:
    """The check names it, with the command that installs it."""
    check = health._check_decoder("some decoder", "no_such_module_anywhere")
    assert not check.ok
    assert "pip install no_such_module_anywhere" in (check.remedy or "")


@pytest.mark.parametrize("attribute", ["executable", "frozen"])
def test_a_decoder_that_cannot_start(attribute: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An embedded or frozen program has no Python to start. That is reported although every library is there."""
    assert health._check_decoder_process().ok
    monkeypatch.setattr(sys, attribute, "/bin/true" if attribute == "executable" else True, raising=False)
    check = health._check_decoder_process()
    assert not check.ok
    assert "no picture decoder could be started" in check.message
    assert "Python interpreter" in (check.remedy or "")
