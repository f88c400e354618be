"""A part of the catalog answers as if the rest were not there, in both databases, whatever the question."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from builders.image_rows import CONTENT_ID, LEGACY_ID, NOW
from strandline.catalog import audit
from strandline.catalog.dialect import SQLITE
from strandline.catalog.limited import SEEN, LimitedCatalog, limit_statement
from strandline.catalog.port import Catalog
from strandline.catalog.postgres.counts import MAKE_COUNTS
from strandline.catalog.postgres.dialect import POSTGRES
from strandline.catalog.postgres.months import MAKE_MONTHS
from strandline.catalog.schema import say_schema
from strandline.model.access import AccessToken, Role
from strandline.model.audit import AuditLine
from strandline.model.events import StorageDirOnline
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.image_files import FileStamp, ImageFile, ImageFilter
from strandline.model.image_ids import ImageId
from strandline.model.states import Seen, register_listed
from strandline.model.trash import TrashedFile, TrashReason

A, B, C = (StorageDirId(letter * 8) for letter in "abc")
OF_POSTGRES = {"file_counts", "image_months", "several_files", "changed_images"}


def make_row(sd: int, image_id: ImageId) -> ImageFile:
    """A file that a scan found."""
    return register_listed(sd, f"media/{image_id}.jpg", image_id, "image/jpeg", Seen(FileStamp(1, 1, 1)), NOW)


def test_no_table_is_forgotten() -> None:
    """One that is not named would be seen whole."""
    made = "".join([say_schema(SQLITE), *MAKE_COUNTS, *MAKE_MONTHS])
    tables = re.findall(r"CREATE TABLE (\w+)", made)
    assert {*tables} - {"meta"} == SEEN.keys()


def test_a_statement_may_begin_with_names_of_its_own() -> None:
    """Also recursive ones, which are not written in the same way in both databases."""
    own = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT * FROM notes"
    for dialect in (SQLITE, POSTGRES):
        limited = limit_statement(own, dialect, (1,))
        assert limited.count("RECURSIVE") == 1
        assert "WHERE " in limited
    assert limit_statement("SELECT value FROM meta", SQLITE, (1,)) == "SELECT value FROM meta"


def test_only_rows_of_the_part_are_seen(catalog: Catalog) -> None:
    """Of storage directories, files, images, names, and events. What both have is there once."""
    with catalog.write() as writer:
        for number, sd_id in ((1, A), (2, B)):
            writer.sds.update_identity(number, sd_id, provisional=False)
            writer.files.insert_row(make_row(number, CONTENT_ID))
            writer.journal.append_event(StorageDirOnline(at=NOW, sd_id=sd_id, name=f"sd {number}", path="/"))
        writer.files.insert_row(make_row(1, LEGACY_ID))
        writer.origins.add_origin(CONTENT_ID, "both.jpg", "/", NOW)
        writer.origins.add_origin(LEGACY_ID, "one.jpg", "/", NOW)
        writer.tokens.add_token(AccessToken("t", Role.READ, NOW), "hash")
    with catalog.read() as reader:
        one, two, none = reader.limited_to([1]), reader.limited_to([2]), reader.limited_to([])
        assert [sd.number for sd in one.sds.list_storage_dirs()] == [1]
        assert two.sds.find_storage_dir(1) is None
        assert [part.images.count_images(ImageFilter()) for part in (one, two, none)] == [2, 1, 0]
        assert [row.sd for row in two.files.list_rows_of_image(CONTENT_ID)] == [2]
        assert two.files.list_rows_of_image(LEGACY_ID) == []
        assert two.images.list_subfolders(2, None, steps=10) == ["media"]
        assert two.images.list_subfolders(1, None, steps=10) == []
        names = one.origins.list_names_of_images([CONTENT_ID, LEGACY_ID])
        assert names == {LEGACY_ID: ["one.jpg"]}, "nobody knows who called the other one so"
        assert [event.sd_id for event in two.journal.list_events(since=0, limit=9)] == [B]
        assert two.journal.get_bounds() == reader.journal.get_bounds(), (
            "a listener may continue from any number"
        )
        assert two.files.count_of_each([1, 2])[2].images == 1
        assert one.tokens.list_tokens() == []
        page, _ = one.images.list_image_ids(ImageFilter(), after=None, limit=9)
        assert sorted(page) == sorted([CONTENT_ID, LEGACY_ID])


def test_each_table_is_limited_in_any_company(catalog: Catalog) -> None:
    """Whatever other tables a statement reads. Each row here is of 2, of 1, or of both."""
    with catalog.write() as writer:
        for number, sd_id in ((1, A), (2, B)):
            writer.sds.update_identity(number, sd_id, provisional=False)
            writer.sds.add_aliases(number, [C])
            writer.files.insert_row(make_row(number, CONTENT_ID))
        writer.files.insert_row(make_row(2, LEGACY_ID))
        for image_id, name in ((CONTENT_ID, "acme.jpg"), (LEGACY_ID, "mine.jpg")):
            writer.origins.add_origin(image_id, name, "/", NOW)
        for sd_id in (A, B, C):
            writer.journal.append_event(StorageDirOnline(at=NOW, sd_id=sd_id, name="x", path="/"))
            reason = TrashReason.DELETED
            writer.trash.insert_trashed(
                TrashedFile(sd_id, sd_id, "/", "x", CONTENT_ID, 1, "f" * 64, reason, NOW, 1)
            )
    with catalog.read() as reader:
        part = reader.limited_to([2])
        ask = part._conn.execute
        made = [table for table in SEEN if reader._sql.counts or table not in OF_POSTGRES]
        with_others = " AND ".join(f"(SELECT count(*) FROM {other}) >= 0" for other in made)
        rows = {
            table: ask(f"SELECT * FROM {table} AS asked WHERE {with_others}").fetchall() for table in made
        }
        assert rows == {table: ask(f"SELECT * FROM {table}").fetchall() for table in made}
        assert {
            "image_id": [row[0] for row in rows["origins"]],
            "sd": {row[0] for row in rows["image_files"]},
        } == {
            "image_id": [LEGACY_ID],
            "sd": {2},
        }
        assert [row[0] for row in rows["trash"]] == [B]
        assert [row[3] for row in rows["journal"]] == [B]
        assert [row[0] for row in rows["storage_dirs"]] == [2]
        found = [part.images.count_images(ImageFilter(text=text)) for text in ("acme", "mine")]
        assert found == [0, 1], "a name that another one may have given finds nothing"


def test_an_identity_that_another_one_has_tells_nothing(catalog: Catalog) -> None:
    """Of a copied folder, events do not say which one is meant. So they are told to those who may see both."""
    with catalog.write() as writer:
        for number in (1, 2):
            writer.sds.update_identity(number, A, provisional=False)
        writer.journal.append_event(StorageDirOnline(at=NOW, sd_id=A, name="one", path="/"))
    with catalog.read() as reader:
        assert reader.limited_to([1]).journal.list_events(since=0, limit=9) == []
        assert len(reader.limited_to([1, 2]).journal.list_events(since=0, limit=9)) == 1


def test_what_is_written_is_the_whole_catalogs(catalog: Catalog) -> None:
    """A part of it reads what it wrote, and only what is its own."""
    part = LimitedCatalog(catalog, [1])
    with part.write() as writer:
        writer.sds.update_name(1, "renamed")
    with part.snapshot() as reader:
        assert [sd.name for sd in reader.sds.list_storage_dirs()] == ["renamed"]
    version = part.read_version()
    with catalog.write() as writer:
        writer.sds.update_name(2, "other")
    assert part.changed_since(version)
    assert (part.epoch, part.place, part.is_shared) == (catalog.epoch, catalog.place, catalog.is_shared)
    part.close()
    with catalog.read() as reader:
        assert len(reader.sds.list_storage_dirs()) == 2


def test_tokens_come_back_as_they_were(catalog: Catalog) -> None:
    """With the names that their storage directories have now. If these are forgotten, a token is for none."""
    late = NOW + timedelta(days=1)
    with catalog.write() as writer:
        writer.tokens.add_token(AccessToken("a", Role.ADMIN, NOW, "note", late), "1")
        writer.tokens.add_token(AccessToken("b", Role.READ, late, None, None, True, (1, 2)), "2")
        writer.sds.update_name(2, "zwei")
    with catalog.read() as reader:
        assert reader.tokens.list_tokens() == [
            (AccessToken("a", Role.ADMIN, NOW, "note", late), "1"),
            (AccessToken("b", Role.READ, late, None, None, True, (1, 2), ("one", "zwei")), "2"),
        ]
    with catalog.write() as writer:
        writer.sds.delete_storage_dir(1)
        writer.sds.delete_storage_dir(2)
        assert writer.tokens.remove_token("a")
        assert not writer.tokens.remove_token("a")
    with catalog.read() as reader:
        ((left, _),) = reader.tokens.list_tokens()
    assert (left.is_limited, left.sds) == (True, ())


def test_the_audit_has_an_end(empty: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest lines are dropped. Those that are left come back as they were, newest first."""
    monkeypatch.setattr(audit, "AUDIT_MAX_LINES", 30)
    monkeypatch.setattr(audit, "PRUNE_EVERY", 10)
    lines = [
        AuditLine(
            NOW + timedelta(seconds=at), f"who {at}", "POST /x", 200, "::1", ("Notes", "ä"), ("a", "b"), at
        )
        for at in range(100)
    ]
    with empty.write() as writer:
        for line in lines:
            writer.audit.add_line(line)
    with empty.read() as reader:
        left = reader.audit.list_lines(since=None, limit=1000)
        assert left == lines[::-1][: len(left)]
        assert 30 <= len(left) <= 40
        assert reader.audit.list_lines(since=NOW + timedelta(seconds=99), limit=9) == lines[-1:]
        assert reader.limited_to([1]).audit.list_lines(since=None, limit=9) == []
