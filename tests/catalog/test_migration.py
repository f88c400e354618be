"""A catalog that an earlier version made: it opens, and every reader answers what that version's readers answered.

``data/e1702b9.sql`` is the dump of a catalog that commit e1702b9 made by adding, scanning, proving and saving: two
storage directories and one that is away, legacy ids, images in every state but trashed, original names, a trash.
``data/e1702b9.json`` is what that commit's own readers answered of it. Its keys are file names.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from builders.catalogs import dump, list_rows, opened
from builders.identities import A
from strandline.catalog.image_files.reader import ImageFileReader
from strandline.catalog.migrations import MIGRATIONS
from strandline.catalog.port import Reader
from strandline.catalog.schema import VERSION
from strandline.errors import CatalogTooNewError
from strandline.model.events import Event
from strandline.model.image_files import FileStamp, FileState, ImageFile, ImageFilter
from strandline.model.storage_dirs import StorageDir
from strandline.model.trash import TrashedFile

DATA = Path(__file__).with_name("data")
ANSWERS = json.loads((DATA / "e1702b9.json").read_text())
NUMBERS = [1, 2, 3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The old catalog, as its program left it."""
    path = tmp_path / "catalog.db"
    conn = sqlite3.connect(path)
    conn.executescript((DATA / "e1702b9.sql").read_text())
    conn.close()
    return path


def plain(value: object) -> object:
    """The value as JSON gives it back."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return list(map(plain, value)) if isinstance(value, list | tuple) else value


def as_then(row: ImageFile) -> object:
    """The row with the fields that it had then."""
    fields = asdict(row)
    folder, _, fields["filename"] = fields.pop("path").rpartition("/")
    assert folder == "media"
    if row.proof is not None:
        for later in ("ctime_ns", "whole"):
            assert fields["proof"].pop(later) is None
    return plain(fields)


def event_as_then(event: Event) -> object:
    """The event with the fields that it had then. What came later is not known of it."""
    fields = event.to_json()
    for later in ("whole", "path", "old_image_id") if event.type.startswith("image.") else ():
        assert fields.pop(later, None) is None
    assert not fields.pop("saved", False)
    return fields


def sd_as_then(sd: StorageDir) -> object:
    """The storage directory with the fields that it had then. Its names are ids, and nobody chose that."""
    fields = asdict(sd)
    assert (fields.pop("layout"), fields.pop("is_layout_chosen")) == ("ids", False)
    return plain(fields)


def by_sd(ask: Callable[[int], object]) -> dict[str, object]:
    """What is answered of each storage directory."""
    return {str(number): ask(number) for number in NUMBERS}


def names(paths: object) -> list[str]:
    """The last parts of paths, or of the rows' paths."""
    assert isinstance(paths, list)
    return [str(getattr(each, "path", each)).rpartition("/")[2] for each in paths]


def ask_all(reader: Reader) -> dict[str, object]:
    """What today's readers answer, in the form of then."""
    files: ImageFileReader = reader.files

    def ids(chosen: ImageFilter) -> list[str]:
        return list(reader.images.list_image_ids(chosen, after=None, limit=100)[0])

    return {
        "storage_dirs": [sd_as_then(sd) for sd in reader.sds.list_storage_dirs()],
        "rows": by_sd(lambda sd: [as_then(row) for row in list_rows(reader, sd)]),
        "lines": by_sd(lambda sd: [line for batch in files.iter_lines(sd, "media") for line in batch]),
        "noteworthy": by_sd(lambda sd: names(list(files.iter_noteworthy_rows(sd)))),
        "unproven": by_sd(lambda sd: names(files.list_unproven(sd, limit=100))),
        "arrivals": by_sd(lambda sd: names(files.list_arrivals(sd))),
        "odd_type": by_sd(lambda sd: names(list(files.iter_rows_of_odd_type(sd)))),
        "differing": by_sd(lambda sd: names(list(files.iter_differing_copies(sd)))),
        "counts": by_sd(
            lambda sd: [
                files.count_rows(sd),
                files.count_expected(sd),
                files.count_unaccepted(sd),
                files.count_of_each([sd])[sd].noteworthy,
            ]
        ),
        "images": ids(ImageFilter()),
        "missing": ids(ImageFilter(state=FileState.MISSING)),
        "named": ids(ImageFilter(text="sill")),
        "months": plain(reader.images.list_places(ImageFilter(), every=1000).months),
        "count": reader.images.count_images(ImageFilter()),
        "events": [event_as_then(event) for event in reader.journal.list_events(since=0, limit=1000)],
        "bounds": plain(reader.journal.get_bounds()),
        "origins": reader.origins.list_origins(),
        "trash": [trash_as_then(each) for each in reader.trash.list_trashed()],
    }


def trash_as_then(trashed: TrashedFile) -> Any:
    """As it was told before named pictures could be deleted: all files were in media folders."""
    told = trashed.to_json()
    assert (told.pop("path"), told.pop("mtime_ns")) == (f"media/{trashed.filename}", None)
    return told


def test_every_reader_answers_as_before(path: Path) -> None:
    """Nothing is lost, and nothing is told again; only the two columns that nobody read are gone."""
    expected = dict(ANSWERS)
    epoch = expected.pop("epoch")
    for sd in expected["storage_dirs"]:
        del sd["root_device"], sd["root_inode"]
        sd["question"] = None
    with opened(path) as catalog, catalog.read() as reader:
        assert catalog.epoch == epoch
        assert catalog.check_integrity() == []
        assert ask_all(reader) == expected


@pytest.mark.parametrize("asked", ["sjo", "SJÖ", "Sjo\u0308", "png sjö"])
def test_names_of_then_are_found_however_they_are_spelled(path: Path, asked: str) -> None:
    """They are folded once, when the catalog is brought up to date."""
    with opened(path) as catalog, catalog.read() as reader:
        found, _ = reader.images.list_image_ids(ImageFilter(text=asked), after=None, limit=10)
        assert found == ["2bdfa35a04aee026b4063584d5d6ee5f"]


def test_a_migrated_catalog_has_the_tables_and_indexes_of_a_new_one(path: Path, tmp_path: Path) -> None:
    """So each question is answered by the same index."""
    new = tmp_path / "new.db"
    for each in (path, new):
        with opened(each):
            pass
    assert describe_tables(path) == describe_tables(new)


def describe_tables(path: Path) -> object:
    """The columns of each table and the text of each index."""
    conn = sqlite3.connect(path)
    try:
        tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return (
            {name: conn.execute(f"PRAGMA table_info({name})").fetchall() for name in tables},
            set(conn.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'")),
        )
    finally:
        conn.close()


KILLED = """
    import os, signal, sqlite3, sys
    from pathlib import Path
    from strandline.catalog.database import open_catalog
    class Killed(sqlite3.Connection):
        def execute(self, sql, *parameters):
            if sql.strip().startswith(sys.argv[2]):
                os.kill(os.getpid(), signal.SIGKILL)
            return super().execute(sql, *parameters)
    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **options: connect(*args, factory=Killed, **options)
    open_catalog(Path(sys.argv[1]), busy_timeout_s=5)
"""


@pytest.mark.parametrize(
    "statement",
    ["DROP INDEX image_files_unwalked", "CREATE INDEX image_files_incomplete", "DROP TABLE", "COMMIT"],
)
def test_a_migration_that_is_killed_leaves_the_old_catalog(path: Path, statement: str) -> None:
    """The next start finds it as it was and brings it up to date."""
    before = dump(path)
    code = "\n".join(line[4:] for line in KILLED.splitlines())
    assert subprocess.run([sys.executable, "-c", code, path, statement], check=False).returncode == -9
    assert dump(path) == before
    with opened(path) as catalog, catalog.read() as reader:
        assert ask_all(reader)["rows"] == ANSWERS["rows"]


def test_the_program_of_then_refuses_the_migrated_catalog(path: Path) -> None:
    """It says so at once, and does not read paths as file names."""
    with opened(path):
        pass
    with (
        pytest.raises(CatalogTooNewError, match="update Strandline"),
        opened(path, migrations=MIGRATIONS[:2]),
    ):
        pass


def test_what_the_first_version_knows_was_there_from_the_first(tmp_path: Path) -> None:
    """After an update, the program does not read a million files of a share at once; a file that changes is read."""
    path = tmp_path / "catalog.db"
    with opened(path, migrations=MIGRATIONS[:1]) as catalog, catalog.connected() as conn:
        conn.execute(
            "INSERT INTO storage_dirs (name, path, state, added_at_us) VALUES ('n', 'p', 'online', 1)"
        )
        conn.execute(
            "INSERT INTO image_files (sd, filename, image_id, media_type, stamp, state, first_seen_us, "
            "unchanged_since_us, sort_us) VALUES (1, 'x.png', 'x', 'image/png', '1:2:3', 'present', 1, 1, 1)"
        )
    with opened(path) as catalog, catalog.write() as writer:
        assert writer.files.list_arrivals(1) == []
        row = writer.files.find_row(1, "media/x.png")
        assert row is not None
        assert writer.files.update_row(row, replace(row, stamp=FileStamp(2, 3, 4)))
        assert writer.files.list_arrivals(1) == ["media/x.png"]


def describe(path: Path) -> dict[str, object]:
    """Every column, key and index of the database, however its statements were written."""
    conn = sqlite3.connect(path)
    try:
        tables = [name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        asked = ("table_xinfo", "index_list", "foreign_key_list")
        found: dict[str, object] = {
            f"{question} {table}": sorted(
                row[question == "index_list" :] for row in conn.execute(f"PRAGMA {question}({table})")
            )
            for question in asked
            for table in tables
        }
        for name, kind, sql in conn.execute("SELECT name, type, sql FROM sqlite_master"):
            words = " ".join((sql or "").split())
            found[f"{kind} {name}"] = (
                words if kind == "index" else ("WITHOUT ROWID" in words, "AUTOINCREMENT" in words)
            )
        return found
    finally:
        conn.close()


@pytest.mark.parametrize(
    ("state", "problem", "is_known", "question"),
    [
        (
            "suspect",
            "all are gone; if that is meant, run `strandline sd confirm Notes`",
            True,
            "accept-absences",
        ),
        ("suspect", "its media folder cannot be listed", True, None),
        ("offline", "nothing is here; run `strandline sd confirm /notes`", True, "restore-identity"),
        ("offline", "the folder is not there", True, None),
        (
            "incomplete",
            "media is not empty; run `strandline sd add --new-identity /n`",
            False,
            "new-identity",
        ),
        ("incomplete", "its identity keeps changing; wait", False, None),
        ("online", None, True, None),
    ],
)
def test_what_a_person_was_asked_in_words_gets_its_code(
    tmp_path: Path, state: str, problem: str | None, is_known: bool, question: str | None
) -> None:
    """So the buttons of a folder are there before it is looked at again."""
    path = tmp_path / "catalog.db"
    with opened(path, migrations=MIGRATIONS[:8]) as catalog, catalog.connected() as conn:
        conn.execute(
            "INSERT INTO storage_dirs (sd_id, name, path, state, problem, added_at_us) "
            "VALUES (?, 'Notes', '/notes', ?, ?, 0)",
            (A if is_known else None, state, problem),
        )
    with opened(path) as catalog, catalog.read() as reader:
        (sd,) = reader.sds.list_storage_dirs()
    assert (sd.state, sd.problem, sd.question) == (state, problem, question)


def test_all_steps_make_the_tables_of_a_new_catalog(tmp_path: Path) -> None:
    """A catalog that was migrated from the first version is the same as one that was made today."""
    with opened(tmp_path / "new.db"):
        pass
    with opened(tmp_path / "old.db", migrations=MIGRATIONS):
        pass
    assert describe(tmp_path / "old.db") == describe(tmp_path / "new.db")
    assert len(describe(tmp_path / "new.db")) > 30
    assert len(MIGRATIONS) == VERSION
