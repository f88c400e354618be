"""Assembly: settings reach the services, and an unusable home is refused with a reason."""

from __future__ import annotations

import inspect
import os
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from builders.identity_folders import as_somebody_without_rights
from builders.pictures import make_picture
from builders.storage import make_pictures, make_storage_dir
from strandline import open_store
from strandline.catalog.journal import JournalLimits
from strandline.errors import (
    CatalogDamagedError,
    CatalogError,
    CatalogLockedError,
    CatalogTooNewError,
    ConfigError,
    DiskError,
    ImageTooLargeError,
    StrandlineError,
)
from strandline.folders.time_limits import SlowPlaces
from strandline.model.defaults import MAX_IMAGE_BYTES
from strandline.pictures.decoding import make_thumbnail
from strandline.runtime.assembly import LocalStore, limits_of
from strandline.runtime.settings import Settings
from strandline.services.workbench import Limits


def test_a_home_is_made_where_none_is(tmp_path: Path) -> None:
    """Missing parent folders are made. Afterwards it contains a catalog, and folders for temporaries and caches."""
    home = tmp_path / "some" / "where"
    with open_store(home) as store:
        assert isinstance(store, LocalStore)
        assert store.home == home
    assert {path.name for path in home.iterdir()} == {"catalog.db", "scratch", "cache"}
    with open_store(home) as store:
        assert store.list_storage_dirs() == []


def test_the_home_comes_from_the_argument_then_the_environment(tmp_path: Path) -> None:
    """``--home`` wins over ``STRANDLINE_HOME``. ``~`` and relative paths work."""
    environ = {"STRANDLINE_HOME": str(tmp_path / "env")}
    with open_store(environ=environ) as store:
        assert store.home == tmp_path / "env"
    with open_store(tmp_path / "given", environ=environ) as store:
        assert store.home == tmp_path / "given"
    with open_store(os.path.relpath(tmp_path / "given"), environ=environ) as store:
        assert store.home.samefile(tmp_path / "given")


def test_settings_come_from_file_then_environment_then_overrides(home: Path) -> None:
    """Each wins over the one before, and the winner bounds the services."""
    (home / "config.toml").write_text(
        "[save]\nmax_bytes = 1000\n[scan]\nbatch_files = 7\n[read]\nio_timeout_s = 1\n"
    )
    with open_store(home, environ={}) as store:
        assert (store.bench.limits.save_max_bytes, store.bench.limits.scan_batch_files) == (1000, 7)
        assert store.bench.slow_places.limit_s == 1.0
    environ = {"STRANDLINE_SAVE_MAX_BYTES": "900"}
    with open_store(home, environ=environ) as store:
        assert (store.bench.limits.save_max_bytes, store.bench.limits.scan_batch_files) == (900, 7)
    with open_store(home, environ=environ, overrides={"save.max_bytes": 800}) as store:
        assert store.settings.save.max_bytes == store.bench.limits.save_max_bytes == 800


def test_a_setting_holds_where_it_matters(home: Path, tmp_path: Path) -> None:
    """With a limit from the environment, a larger image is refused."""
    with open_store(home, environ={"STRANDLINE_SAVE_MAX_BYTES": "100"}) as store:
        sd = store.add_storage_dir(make_storage_dir(tmp_path / "Notes")).sd
        with pytest.raises(ImageTooLargeError):
            store.save(make_picture("png"), sd=sd)


def test_a_smaller_limit_for_saving_leaves_what_is_there_readable(home: Path, tmp_path: Path) -> None:
    """``save.max_bytes`` limits new images only. A larger limit makes larger files readable, too."""
    picture = make_picture("png", seed=1)
    with open_store(home, environ={}) as store:
        sd = store.add_storage_dir(make_storage_dir(tmp_path / "Notes")).sd
        image_id = store.save(picture, sd=sd).image_id
    with open_store(home, environ={}, overrides={"save.max_bytes": 100}) as store:
        assert store.get(image_id).read() == picture
        assert store.bench.limits.read_max_bytes == MAX_IMAGE_BYTES
    with open_store(home, environ={}, overrides={"save.max_bytes": 2 * MAX_IMAGE_BYTES}) as store:
        assert store.bench.limits.read_max_bytes == 2 * MAX_IMAGE_BYTES


@pytest.mark.parametrize(
    ("config", "environ", "overrides"),
    [
        ("[save]\nmax_bytes = 'many'\n", {}, {}),
        ("nonsense", {}, {}),
        ("", {"STRANDLINE_SAVE_MAX_BYTES": "many"}, {}),
        ("", {}, {"save.no_such_thing": 1}),
    ],
)
def test_bad_settings_are_refused_before_anything_is_created(
    home: Path, config: str, environ: dict[str, str], overrides: dict[str, int]
) -> None:
    """The error names the place, and no catalog is created."""
    (home / "config.toml").write_text(config)
    with pytest.raises(ConfigError):
        open_store(home, environ=environ, overrides=overrides)
    assert {path.name for path in home.iterdir()} == {"config.toml"}


def test_a_home_that_cannot_be_made_or_written() -> None:
    """No permission to create it, no permission to write in it, or a file in its place: each is a disk error."""
    with as_somebody_without_rights() as folder:
        (folder / "closed").mkdir(mode=0o500)
        with pytest.raises(DiskError, match="you may not use the home"):
            open_store(folder / "closed" / "home")
        with pytest.raises(DiskError, match="closed"):
            open_store(folder / "closed")
        (folder / "file").write_text("x")
        for home in (folder / "file", folder / "file" / "below"):
            with pytest.raises(DiskError):
                open_store(home)


def make_catalog(home: Path, tmp_path: Path) -> Path:
    """A closed catalog with some rows."""
    with open_store(home) as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Notes", *make_pictures(5)))
    return home / "catalog.db"


def use_catalog(home: Path) -> None:
    """Opens the store and reads every important table."""
    with open_store(home) as store:
        store.scan()
        store.list_images()
        store.export_catalog()


@pytest.mark.parametrize(
    "data", [b"not a database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000], ids=["text", "torn"]
)
def test_a_catalog_that_is_none_is_left_alone(home: Path, tmp_path: Path, data: bytes) -> None:
    """The message says that it can be moved away and that no image is lost. The file is unchanged."""
    catalog = make_catalog(home, tmp_path)
    catalog.write_bytes(data)
    with pytest.raises(CatalogDamagedError, match="no image is lost"):
        open_store(home)
    assert catalog.read_bytes() == data


def test_a_catalog_that_lost_pages_is_reported_when_they_are_needed(home: Path, tmp_path: Path) -> None:
    """If it was truncated by a full disk or a bad copy, there is an error, never a wrong answer."""
    catalog = make_catalog(home, tmp_path)
    data = catalog.read_bytes()
    for size in (4096, len(data) // 2 // 4096 * 4096):
        catalog.write_bytes(data[:size])
        with pytest.raises(CatalogDamagedError):
            use_catalog(home)
        for leftover in ("catalog.db-wal", "catalog.db-shm"):
            (home / leftover).unlink(missing_ok=True)


def test_a_database_of_another_program_is_not_ours(home: Path) -> None:
    """It is neither migrated nor filled."""
    with sqlite3.connect(home / "catalog.db") as conn:
        conn.execute("CREATE TABLE notes (text)")
    conn.close()
    with pytest.raises(CatalogDamagedError, match="another program"):
        open_store(home)


def test_a_catalog_from_the_future_is_not_touched(home: Path, tmp_path: Path) -> None:
    """The message says that this program is older."""
    catalog = make_catalog(home, tmp_path)
    with sqlite3.connect(catalog) as conn:
        (version,) = conn.execute("PRAGMA user_version").fetchone()
        conn.execute(f"PRAGMA user_version = {version + 1}")
        conn.execute("UPDATE meta SET value = ? WHERE key = 'oldest_format'", (str(version + 1),))
    conn.close()
    with pytest.raises(CatalogTooNewError):
        open_store(home)


def test_a_catalog_that_another_process_holds_can_be_tried_again(home: Path, tmp_path: Path) -> None:
    """After the busy timeout there is an error that says "try again"."""
    catalog = make_catalog(home, tmp_path)
    holder = sqlite3.connect(catalog, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with open_store(home, overrides={"catalog.busy_timeout_s": 0.1}) as store:
        with pytest.raises(CatalogLockedError, match="try again"):
            store.add_storage_dir(make_storage_dir(tmp_path / "Other"))
        holder.execute("ROLLBACK")
        holder.close()
        assert store.add_storage_dir(tmp_path / "Other").sd.name == "Other"


def test_a_catalog_that_is_a_folder(home: Path) -> None:
    """There is no traceback for this either."""
    (home / "catalog.db").mkdir()
    with pytest.raises(StrandlineError):
        open_store(home)


def test_a_store_that_is_closed_says_so(home: Path) -> None:
    """Closing twice is harmless. Using it afterwards raises an error that says how to open it again."""
    store = open_store(home)
    store.close()
    store.close()
    with pytest.raises(CatalogError, match="open_store"):
        store.list_storage_dirs()


def test_a_catalog_can_be_deleted_and_rebuilt(home: Path, tmp_path: Path) -> None:
    """The folder is the truth: if it is added to an empty home, the same images are found under the same identity."""
    make_catalog(home, tmp_path)
    with open_store(home) as store:
        (before,) = store.list_storage_dirs()
        images = {image.image_id for image in store.list_images().images}
    shutil.rmtree(home)
    with open_store(home) as store:
        added = store.add_storage_dir(tmp_path / "Notes")
        assert added.sd.sd_id == before.sd_id
        assert {image.image_id for image in store.list_images().images} == images


def test_each_default_stands_once() -> None:
    """A room that is used without settings has the same limits as one that gets the default settings."""
    settings = Settings()
    assert limits_of(settings) == Limits()
    journal = JournalLimits(settings.journal.max_events, timedelta(days=settings.journal.max_days))
    assert journal == JournalLimits()
    assert settings.read.io_timeout_s == inspect.signature(SlowPlaces).parameters["limit_s"].default
    decode = inspect.signature(make_thumbnail).parameters
    assert settings.pictures.max_pixels == decode["max_pixels"].default
    assert settings.pictures.decode_timeout_s == decode["timeout_s"].default
