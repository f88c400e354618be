"""Transactions: a change and its event are committed together, and readers see commits, whole."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from builders.catalogs import add_sd, list_rows
from builders.image_rows import CONTENT_ID, NOW
from contracts.catalog.kinds import Opener
from strandline.catalog.port import Catalog, Reader
from strandline.errors import CatalogError, StorageDirNotFoundError
from strandline.model.event_ids import EVENT_ID_PATTERN, format_event_id, parse_event_id
from strandline.model.events import StorageDirAdded
from strandline.model.image_files import FileStamp, FileState, ImageFile
from strandline.model.states import Seen, register_listed

THREADS = 8
EVENT = StorageDirAdded(at=NOW, sd_id=None, name="n", path="p")
STAMP = FileStamp(1, 2, 3)


def row_of(sd: int = 1) -> ImageFile:
    """An unproven row."""
    return register_listed(sd, f"media/{CONTENT_ID}.png", CONTENT_ID, "image/png", Seen(STAMP), NOW)


def names(reader: Reader) -> list[str]:
    """Of all storage directories."""
    return [sd.name for sd in reader.sds.list_storage_dirs()]


def names_now(catalog: Catalog) -> list[str]:
    """As the last commit has them."""
    with catalog.read() as reader:
        return names(reader)


def test_a_transaction_that_raises_leaves_neither_rows_nor_events(catalog: Catalog) -> None:
    """Events are committed with the change that they report (SPEC §13)."""
    rung: list[None] = []
    catalog.on_commit = lambda: rung.append(None)

    def change_and_fail() -> None:
        with catalog.write() as writer:
            writer.files.insert_row(row_of())
            writer.journal.append_event(EVENT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()
    with catalog.read() as reader:
        assert list_rows(reader, 1) == []
        assert reader.journal.list_events(since=0, limit=10) == []
    with catalog.write() as writer:
        add_sd(writer, "three")  # says nothing of the events that were rolled back
    assert rung == []


def test_a_commit_that_appended_events_is_told_of_once(catalog: Catalog) -> None:
    """After the commit, so that a listener finds rows and events. Other commits are no news."""
    found: list[tuple[int, int]] = []

    def look() -> None:
        with catalog.read() as reader:
            found.append((len(list_rows(reader, 1)), len(reader.journal.list_events(since=0, limit=10))))

    catalog.on_commit = look
    with catalog.write() as writer:
        add_sd(writer, "three")
    with catalog.write() as writer:
        writer.files.insert_row(row_of())
        for _ in range(3):
            writer.journal.append_event(EVENT)
        assert found == []
    assert found == [(1, 3)]


def test_of_two_that_saw_the_same_row_one_tells(open_it: Opener) -> None:
    """A conditional update and its event are one: the loser changes nothing, so it announces nothing."""
    catalogs = [open_it() for _ in range(4)]
    with catalogs[0].write() as writer:
        add_sd(writer, "one")
        writer.files.insert_row(row_of())

    def announce(catalog: Catalog) -> None:
        with catalog.write() as writer:
            if writer.files.update_row(row_of(), replace(row_of(), state=FileState.ARRIVING)):
                writer.journal.append_event(EVENT)

    with ThreadPoolExecutor(len(catalogs)) as pool:
        list(pool.map(announce, catalogs))
    with catalogs[0].read() as reader:
        assert [row.state for row in list_rows(reader, 1)] == [FileState.ARRIVING]
        assert len(reader.journal.list_events(since=0, limit=10)) == 1


def test_a_writer_reads_its_own_changes(catalog: Catalog) -> None:
    """And nobody else does until the commit."""
    with catalog.write() as writer:
        add_sd(writer, "three")
        assert names(writer) == ["one", "two", "three"]
        assert names_now(catalog) == ["one", "two"]
    assert names_now(catalog) == ["one", "two", "three"]


def test_a_snapshot_keeps_to_one_commit(open_it: Opener) -> None:
    """Other transactions change nothing in it, and readers never wait for a writer."""
    catalog, other = open_it(), open_it()
    with catalog.write() as writer:
        add_sd(writer, "one")
    with catalog.snapshot() as reader:
        assert names(reader) == ["one"]
        with other.write() as writer:
            add_sd(writer, "two")
            assert names_now(catalog) == ["one"]
        with catalog.write() as writer:
            writer.journal.append_event(EVENT)
        assert names(reader) == ["one"]
        assert reader.journal.list_events(since=0, limit=1) == []
    assert names_now(catalog) == ["one", "two"]


def test_a_change_that_a_rule_forbids_is_an_error_of_ours(catalog: Catalog) -> None:
    """A name belongs to one storage directory; a row belongs to one that is known."""
    with pytest.raises(CatalogError), catalog.write() as writer:
        add_sd(writer, "one")
    with pytest.raises(StorageDirNotFoundError), catalog.write() as writer:
        writer.files.insert_row(row_of(sd=77))
    assert names_now(catalog) == ["one", "two"]


def test_many_threads_write_one_catalog(open_it: Opener) -> None:
    """No write is lost, and none fails; the catalog is open twice."""
    catalogs = [open_it(), open_it()]

    def write(thread: int) -> None:
        catalog = catalogs[thread % 2]
        for number in range(10):
            with catalog.write(durable=number == 0) as writer:
                add_sd(writer, f"{thread}-{number}")
                writer.journal.append_event(EVENT)
            assert f"{thread}-{number}" in names_now(catalog)

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(write, thread) for thread in range(THREADS)]:
            done.result()
    assert len(names_now(catalogs[0])) == THREADS * 10
    with catalogs[1].read() as reader:
        assert len(reader.journal.list_events(since=0, limit=1000)) == THREADS * 10


def test_a_commit_of_this_process_or_another_is_noticed(open_it: Opener) -> None:
    """Nothing else is: between two commits nothing has changed."""
    catalog, other = open_it(), open_it()
    version = catalog.read_version()
    for number, each in enumerate((catalog, other)):
        assert not catalog.changed_since(version)
        with each.write() as writer:
            add_sd(writer, str(number))
        assert catalog.changed_since(version)
        version = catalog.read_version()


def test_a_catalog_stays_the_same_one(open_it: Opener) -> None:
    """The epoch tells a catalog from one that was rebuilt; a healthy one has nothing to complain of."""
    one, other = open_it(), open_it()
    assert one.epoch == other.epoch != ""
    assert one.check_integrity() == []


def test_the_id_of_an_event_is_taken_back(open_it: Opener) -> None:
    """By the one pattern that the stream, its OpenAPI document, and ``Last-Event-ID`` share."""
    epoch = open_it().epoch
    told = format_event_id(epoch, 7)
    assert parse_event_id(told) == (epoch, 7)
    assert re.search(EVENT_ID_PATTERN, told)


def test_a_closed_catalog_says_so(open_it: Opener) -> None:
    """Closing is idempotent. Later use raises our own error."""
    catalog = open_it()
    catalog.close()
    catalog.close()
    with pytest.raises(CatalogError, match="closed"), catalog.read():
        pass
