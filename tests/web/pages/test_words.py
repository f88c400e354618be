"""The words on pages: sizes, days, states, health, and events, for people; and names that cannot act."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.pages import break_storage_dir
from strandline.model.discrepancies import DISCREPANCIES, Discrepancy
from strandline.model.events import (
    EVENT_TYPES,
    Event,
    ImageAvailable,
    JournalReset,
    ScanFinished,
    StorageDirAdded,
    StorageDirOffline,
    StorageDirSuspect,
)
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.image_files import FileState
from strandline.model.image_ids import ImageId
from strandline.model.reports import Finding
from strandline.model.state_words import AWAY, FILE_WORDS, FROM_CONFLICT_COPY, INCOMPLETE, NOT_SEEN
from strandline.model.storage_dirs import StorageDir, StorageDirQuestion, StorageDirState
from strandline.model.sync_status import FileItem, SyncStatus
from strandline.web.pages.activity import KINDS, MANY, SENTENCES, list_days, list_lines, say_event
from strandline.web.pages.folder_pages import needs_identity, say_confirming
from strandline.web.pages.gallery_pages import TILE_STATES
from strandline.web.pages.remedies import TONES, judge_health, list_found
from strandline.web.pages.words import (
    has_address,
    key_of,
    say_fact,
    say_moment,
    say_month,
    say_sentence,
    show_lines_plainly,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STATIC = Path(__file__).parents[3] / "src/strandline/web/static"


def make_sd(state: StorageDirState = StorageDirState.ONLINE, *, name: str = "Notes") -> StorageDir:
    """A storage directory from the catalog."""
    return StorageDir(1, None, name, "/notes", state, False, False, (), NOW)


def test_a_text_file_keeps_its_lines() -> None:
    """Line breaks and tabs stay. Everything else is escaped as in a name."""
    assert show_lines_plainly("a\tb\r\nc\x07") == "a\tb\nc\\x07"


def test_months_have_names() -> None:
    """Other text is unchanged."""
    assert [say_month("2026-11"), say_month("unknown")] == ["November 2026", "unknown"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("absent_since", NOW, f"not seen since {say_moment(NOW)}"),
        ("absent_since", None, ""),
        ("state", "missing", "missing"),
        ("state", "arriving", "was still arriving"),
        ("client", "", ""),
        ("client", "syncthing", "left by syncthing"),
        ("bytes", "different", "other bytes"),
        ("stands_for", "x\u202e.png", "a copy of x\\u202e.png"),
        ("catalog_size_bytes", 2100, "the catalog says 2.1 kB"),
    ],
)
def test_a_fact_of_an_inspection_is_said_in_words(name: str, value: object, said: str) -> None:
    """Not as in JSON, and not at all if there is nothing to say."""
    assert say_fact(name, value) == said


def test_every_fact_of_an_inspection_has_words(tmp_path: Path) -> None:
    """In a folder that has everything that can be found."""
    with break_storage_dir(tmp_path) as broken:
        (sd,) = broken.store.list_storage_dirs()
        status = broken.store.inspect(sd)
    facts = [fact for _, items in status.list_discrepancies() for item in items for fact in item.facts]
    assert {name for name, _ in facts} >= {"state", "absent_since", "client", "stands_for", "bytes"}
    assert all(say_fact(name, value) for name, value in facts if value not in (None, ""))


def test_an_address_names_a_folder_by_its_name() -> None:
    """Percent-encoded. If the name contains a slash, the identity is used."""
    assert key_of(make_sd(name="Notes & more")) == "Notes%20%26%20more"
    assert not has_address("caf\udce9.png")


def test_the_browsers_tiles_get_their_words_from_the_table() -> None:
    """Each state except ``present``, which needs none. The script contains no copy of the words."""
    told = json.loads(TILE_STATES)
    assert told.pop("partial") == INCOMPLETE._asdict()
    assert told.pop("away") == AWAY._asdict()
    assert told.pop("unseen") == NOT_SEEN._asdict()
    assert told.pop("copy") == FROM_CONFLICT_COPY._asdict()
    assert f'"{AWAY.word}"' not in (STATIC / "js/tile.js").read_text()
    assert set(told) == set(FileState) - {FileState.PRESENT}
    script = (STATIC / "js/words.js").read_text()
    for state, said in told.items():
        assert said == FILE_WORDS[FileState(state)]._asdict()
        assert f'"{said["word"]}"' not in script


def test_every_event_has_its_sentence() -> None:
    """Each type in the journal, and each that the browser listens to, has a sentence."""
    in_lists = {name for name in EVENT_TYPES if not name.startswith("scan.")} - {JournalReset.type}
    assert in_lists == set(SENTENCES)
    assert {name for names in KINDS.values() for name in names} <= set(EVENT_TYPES)
    assert {name for name in SENTENCES if name.startswith("image.")} == set(MANY)
    live = (STATIC / "js/live.js").read_text()
    assert [name for name in EVENT_TYPES if f'"{name}"' not in live] == []


def test_events_become_lines_under_their_days() -> None:
    """Newest first, in their order, each with its subject."""
    image = ImageAvailable(
        at=NOW, sd_id=None, image_id=ImageId("0" * 32), filename="x.png", state=FileState.PRESENT
    )
    scan = ScanFinished(at=NOW, sd_id=None, added=1200, changed=0, absent=2, missing=0, returned=0)
    offline = StorageDirOffline(
        at=NOW.replace(day=20), sd_id=None, name="Notes", path="/notes", reason="unmounted"
    )
    groups: list[tuple[list[Event], int]] = [
        ([image], 1),
        ([scan], 1),
        ([image, image], 2000),
        ([offline], 1),
    ]
    first, second = list_days(groups, [make_sd()])
    lines = [happening.lines[0] for happening in first.happenings]
    assert [line.text for line in lines[:2]] == [
        "An image is here and checked",
        "Scan: 1,200 new, 2 not seen",
    ]
    assert (lines[0].detail, lines[0].image_id) == ("x.png", "0" * 32)
    assert [happening.text for happening in first.happenings] == ["", "", "2,000 images checked"]
    assert second.happenings[0].lines[0].detail == "unmounted"
    assert say_event(replace(scan, added=0, absent=0)) == "Scan: nothing changed"
    suspect = StorageDirSuspect(at=NOW, sd_id=None, name="Notes", path="/notes", absent=3, known=3)
    assert say_event(suspect) == "Too many files of a folder are gone at once"
    assert say_event(replace(suspect, absent=0)) == "The files of a folder cannot be listed"


def test_what_happened_before_a_folder_was_copied_stays_with_the_original() -> None:
    """Both have its identity. An event that names a path is of the folder that is there."""
    sd_id = StorageDirId("a" * 32)
    notes = replace(make_sd(), sd_id=sd_id)
    copy = replace(
        make_sd(name="Copy"), number=2, sd_id=sd_id, path="/copy", added_at=NOW + timedelta(days=1)
    )
    image = ImageAvailable(
        at=NOW, sd_id=sd_id, image_id=ImageId("0" * 32), filename="x.png", state=FileState.PRESENT
    )
    added = StorageDirAdded(at=NOW, sd_id=sd_id, name="Copy", path="/copy")
    for sds in ([notes, copy], [copy, notes]):
        assert [line.sd_name for line in list_lines([image, added], sds)] == ["Notes", "Copy"]


@pytest.mark.parametrize("row", DISCREPANCIES, ids=lambda row: row.key)
def test_health_follows_from_what_was_found(row: Discrepancy) -> None:
    """One sentence. All is well exactly if nothing needs attention; otherwise the worst comes first."""
    status = SyncStatus(make_sd(), NOW, {})
    assert judge_health(status).title == "No images in Notes yet"
    status = replace(status, on_disk_count=50_000, in_catalog_count=50_000)
    assert judge_health(status)[:2] == ("good", "Everything in Notes is there and checked")
    some = replace(status, unchecked_count=38_000)
    assert judge_health(some)[:2] == (
        "wait",
        "Everything in Notes is there; 12,000 of 50,000 images checked",
    )
    getattr(status, row.key).append(FileItem("x.png", None, 3))
    if TONES[row.grade] == "bad":
        assert judge_health(status)[1:] == (
            "1 image in Notes needs you",
            f"1 {row.one}. Everything else is shown as usual.",
        )
        also = replace(status, arriving=[FileItem("y.png", None, 3)])
        if row.key != "arriving":
            assert judge_health(also).message == f"1 {row.one}. Besides, 1 image still arriving."
    assert judge_health(status).tone == (TONES[row.grade] or "good")
    missed = judge_health(status, 2)
    assert missed.tone == ("bad" if TONES[row.grade] == "bad" else "wait")
    assert "2 references in the notes of Notes lead to no picture" in missed.title + missed.message
    assert "No cause for alarm" not in missed.message
    (found,) = list_found(status)
    heading = f"1 {row.one}".replace("storage directories", "folders")
    assert (found.heading, found.tone) == (heading, TONES[row.grade])
    assert "{" not in found.remedy


@pytest.mark.parametrize(
    ("state", "question", "title"),
    [
        (StorageDirState.OFFLINE, None, "Offline"),
        (StorageDirState.OFFLINE, StorageDirQuestion.RESTORE_IDENTITY, "Offline"),
        (StorageDirState.INCOMPLETE, None, "Waiting for its identity"),
        (StorageDirState.INCOMPLETE, StorageDirQuestion.NEW_IDENTITY, "Waiting for its identity"),
        (StorageDirState.SUSPECT, StorageDirQuestion.ACCEPT_ABSENCES, "Too many files are gone at once"),
        (StorageDirState.SUSPECT, None, "Its images cannot be listed"),
    ],
)
def test_a_folder_that_is_not_online_is_told_first(
    state: StorageDirState, question: StorageDirQuestion | None, title: str
) -> None:
    """With the reason, as a sentence. A button appears only if a person can do something, whatever the words say."""
    said = "confirm nothing, whatever `strandline sd add --new-identity` says"
    sd = replace(make_sd(state), problem=said, question=question)
    status = SyncStatus(sd, NOW, {}, problems=[Finding(state.value, said)])
    health = judge_health(status)
    assert (health.title, health.tone) == (title, "wait" if state is StorageDirState.INCOMPLETE else "bad")
    assert health.message.startswith(say_sentence(said))
    assert bool(say_confirming(sd)) is (
        question in (StorageDirQuestion.ACCEPT_ABSENCES, StorageDirQuestion.RESTORE_IDENTITY)
    )
    assert needs_identity(sd) is (question is StorageDirQuestion.NEW_IDENTITY)


def test_a_sentence_begins_with_a_capital_letter_and_an_address_as_it_is() -> None:
    """An address that begins with a capital letter is none that a person can paste."""
    assert say_sentence("the disk is full") == "The disk is full."
    assert say_sentence("http://store:9000 cannot be reached") == "http://store:9000 cannot be reached."
    assert say_sentence("") == ""
