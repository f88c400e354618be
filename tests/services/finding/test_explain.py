"""Explaining: everything that can be under an image's name is described in plain words, with the right error."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.machine import LEGACY_ID, Machine, open_machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from fault_kit.refusing_kernel import Refusal, call_refused
from strandline.cli.exit_status import exit_status_of
from strandline.errors import ImageNotFoundError, ImageUnreachableError
from strandline.model.explanation_words import VERDICTS
from strandline.model.image_ids import ImageId
from strandline.model.reports import DiskFact, StorageDirTrace
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.verdicts import Verdict
from strandline.services.finding.explain import explain_image, get_image, judge
from strandline.services.finding.look_up import look_up
from strandline.services.finding.search import find_image
from strandline.services.workbench import Limits

PICTURE = make_picture("png", seed=1)
OTHER = make_picture("png", seed=2)
ID, NAME = id_of(PICTURE), name_of(PICTURE)


def put_half(machine: Machine, sd: StorageDir) -> None:
    machine.put(sd, PICTURE[:300], NAME)


def put_damaged(machine: Machine, sd: StorageDir) -> None:
    machine.put(sd, PICTURE[:300], NAME)
    find_image(machine.bench, ID)
    machine.clock.pass_time(hours=25)


def put_foreign(machine: Machine, sd: StorageDir) -> None:
    machine.put(sd, OTHER, NAME)
    find_image(machine.bench, ID)
    machine.clock.pass_time(seconds=3)


def put_placeholder(machine: Machine, sd: StorageDir) -> None:
    machine.put(sd, b"bplist00", f".{NAME}.icloud")


def put_known_placeholder(machine: Machine, sd: StorageDir) -> None:
    put_placeholder(machine, sd)
    machine.scan(sd)


def put_conflict_copy(machine: Machine, sd: StorageDir) -> None:
    machine.put(sd, PICTURE, f"{ID} (1).png")


def put_other_copy(machine: Machine, sd: StorageDir) -> None:
    machine.put(sd, OTHER, f"{ID} (1).png")


def put_temporary(machine: Machine, sd: StorageDir) -> None:
    machine.put(sd, PICTURE[:300], f".{NAME}.AbC123")


def put_symlink(machine: Machine, sd: StorageDir) -> None:
    (machine.media(sd) / NAME).symlink_to("../elsewhere")


def put_folder(machine: Machine, sd: StorageDir) -> None:
    (machine.media(sd) / NAME).mkdir()


def put_fifo(machine: Machine, sd: StorageDir) -> None:
    os.mkfifo(machine.media(sd) / NAME)


def link_media(machine: Machine, sd: StorageDir) -> None:
    machine.media(sd).rename(machine.folder / "elsewhere")
    machine.media(sd).symlink_to(machine.folder / "elsewhere")


def unmount(machine: Machine, sd: StorageDir) -> None:
    machine.take_away(sd)


def take_most_away(machine: Machine, sd: StorageDir) -> None:
    machine.put(sd, PICTURE)
    machine.put(sd, OTHER)
    machine.scan(sd)
    for path in machine.media(sd).iterdir():
        path.unlink()
    machine.scan(sd)


def put_nothing(machine: Machine, sd: StorageDir) -> None:
    """The image is absent."""


Situation = Callable[[Machine, StorageDir], None]
SITUATIONS: list[tuple[Situation, str, int, set[str], str, str]] = [
    (put_nothing, "not-found", 4, set(), "is not in 'one'", "finish syncing"),
    (put_half, "arriving", 6, {"arriving"}, "still arriving in 'one'", "let the sync client finish"),
    (put_placeholder, "online-only", 6, {"online-only"}, "in the cloud", "keep it on this device"),
    (put_known_placeholder, "online-only", 6, {"online-only"}, "in the cloud", "keep it on this device"),
    (put_damaged, "damaged", 7, {"damaged"}, "damaged in 'one'", "Copy it again"),
    (put_foreign, "foreign", 7, {"foreign"}, "another image", "Save that file as a new image"),
    (put_other_copy, "not-found", 4, {"other-copy"}, "is not in 'one'", "finish syncing"),
    (put_temporary, "not-found", 4, {"temporary"}, "is not in 'one'", "finish. If the file does not change"),
    (put_symlink, "not-found", 4, {"symlink"}, "is not in 'one'", "put the file itself there"),
    (put_folder, "not-found", 4, {"folder"}, "is not in 'one'", "move it away"),
    (put_fifo, "not-found", 4, {"special file"}, "is not in 'one'", "move it away"),
    (link_media, "not-found", 4, {"symlink"}, "is not in 'one'", "put the file itself there"),
    (
        take_most_away,
        "sd-suspect",
        6,
        set(),
        "too many files are gone from 'one'",
        "sd confirm",
    ),
    (unmount, "sd-offline", 6, set(), "may be in 'one', which cannot be read now", "mount"),
]


@pytest.mark.parametrize(
    ("arrange", "verdict", "status", "facts", "summary", "advice"),
    SITUATIONS,
    ids=[situation[0].__name__ for situation in SITUATIONS],
)
def test_each_situation_is_told_and_has_its_error(
    machine: Machine,
    arrange: Situation,
    verdict: str,
    status: int,
    facts: set[str],
    summary: str,
    advice: str,
) -> None:
    """What the disk shows, the verdict, what to do, and an exit status that says whether to try again."""
    arrange(machine, machine.add("one"))
    explanation = explain_image(machine.bench, ID)
    assert explanation.verdict == verdict
    assert {fact.what for fact in explanation.sds[0].disk} == facts
    assert summary in explanation.summary
    assert explanation.next is not None
    assert advice in explanation.next
    with pytest.raises(ImageNotFoundError) as caught:
        get_image(machine.bench, ID)
    assert int(exit_status_of(caught.value)) == status
    assert caught.value.trace == explanation
    assert caught.value.facts["verdict"] == verdict
    assert explanation.summary in caught.value.message
    assert "\n" not in caught.value.message
    json.dumps(caught.value.to_json())


def test_what_is_gone_from_a_suspect_folder_cannot_be_told(machine: Machine) -> None:
    """This needs no read. Once a person has accepted its absence, the image is nowhere."""
    one = machine.add("one")
    take_most_away(machine, one)
    assert look_up(machine.bench, ID).verdict is Verdict.SD_SUSPECT
    assert look_up(machine.bench, id_of(b"never seen")).verdict is Verdict.NOT_FOUND
    with machine.bench.catalog.write() as writer:
        writer.files.accept_absences(one.number, machine.bench.now(), all_rows=True)
    assert look_up(machine.bench, ID).verdict is Verdict.NOT_FOUND
    assert explain_image(machine.bench, ID).verdict is Verdict.NOT_FOUND


def test_what_is_shown_says_where(machine: Machine) -> None:
    """If only one of two SDs has it, the other one's trace is empty."""
    machine.add("one")
    machine.add("two", PICTURE)
    explanation = explain_image(machine.bench, ID)
    assert (explanation.verdict, explanation.next) == ("shown", None)
    assert explanation.summary == f"image {ID} is shown from 'two'."
    assert [[fact.what for fact in trace.disk] for trace in explanation.sds] == [[], ["present"]]
    assert [len(trace.catalog) for trace in explanation.sds] == [0, 1]
    assert explanation.sds[1].disk[0].size_bytes == len(PICTURE)


def test_a_conflict_copy_is_shown_and_said(machine: Machine) -> None:
    """The plain file is half; the conflict copy beside it has the bytes."""
    one = machine.add("one")
    put_half(machine, one)
    put_conflict_copy(machine, one)
    explanation = explain_image(machine.bench, ID)
    assert explanation.verdict is Verdict.FROM_CONFLICT_COPY
    assert [fact.what for fact in explanation.sds[0].disk] == ["arriving", "conflict-copy"]
    assert "conflict copy in 'one'" in explanation.summary


def test_conflict_copies_that_differ_are_nobodys_image(machine: Machine) -> None:
    """Two different whole images cannot both have the legacy id. A person must decide."""
    one = machine.add("one")
    for number, data in enumerate((PICTURE, OTHER)):
        machine.put(one, data, f"{LEGACY_ID} ({number + 1}).png")
    explanation = explain_image(machine.bench, LEGACY_ID)
    assert explanation.verdict is Verdict.NOT_FOUND
    assert [fact.what for fact in explanation.sds[0].disk] == ["rival-copy", "rival-copy"]
    assert explanation.next is not None
    assert "differ" in explanation.next


@pytest.mark.parametrize(
    ("name", "writer"),
    [
        (f".{NAME}.AbC123", "rsync"),
        (f".syncthing.{NAME}.tmp", "Syncthing"),
        (f"{NAME}.0123abcd.partial", "rclone"),
        (f".{NAME}.~1a2b", "Nextcloud"),
        (f"{NAME}.!sync", "Resilio"),
        (f"{NAME}.partial", "OneDrive"),
        (f"{NAME}.crdownload", "a browser"),
        (f"{NAME}.tmp", "another program"),
    ],
)
def test_a_temporary_says_who_writes_it(machine: Machine, name: str, writer: str) -> None:
    """And how much there is. It is never taken for the image, whole as it may be."""
    sd = machine.add("one")
    machine.put(sd, PICTURE, name)
    explanation = explain_image(machine.bench, ID)
    (fact,) = explanation.sds[0].disk
    assert (fact.filename, fact.what, fact.size_bytes) == (name, "temporary", len(PICTURE))
    assert f"{len(PICTURE):,} bytes: {writer} is writing" in fact.message
    assert explanation.verdict is Verdict.NOT_FOUND
    machine.put(sd, PICTURE, NAME)
    machine.clock.pass_time(seconds=3)
    assert explain_image(machine.bench, ID).verdict is Verdict.SHOWN


def test_how_much_has_arrived_is_told(machine: Machine) -> None:
    """And the reason why it is incomplete."""
    one = machine.add("one")
    put_half(machine, one)
    fact = explain_image(machine.bench, ID).sds[0].disk[0]
    assert fact.size_bytes == 300
    assert fact.message.startswith("300 bytes are here, and that is not all of it yet: the data ends")


def test_what_cannot_be_read_is_not_called_absent(tmp_path: Path) -> None:
    """A refused read means try again (6), never "not found" (4)."""
    with open_machine(tmp_path, limits=Limits(read_max_bytes=100)) as machine:
        machine.add("one", PICTURE)
        explanation = explain_image(machine.bench, ID)
        assert explanation.verdict is Verdict.UNREADABLE
        assert "more than 100 bytes" in explanation.sds[0].disk[0].message
        with pytest.raises(ImageUnreachableError) as caught:
            get_image(machine.bench, ID)
    assert int(exit_status_of(caught.value)) == 6


def test_a_media_folder_that_cannot_be_searched_is_not_called_empty(machine: Machine) -> None:
    """The image may be there: the verdict is unreadable, neither shown nor not found."""
    machine.add("one", PICTURE)
    refused = [
        Refusal("openat", errno.EACCES, argument=2, mask=0o10000000)
    ]  # O_PATH: opened only for searching
    explanation = call_refused(refused, lambda: explain_image(machine.bench, ID))
    assert explanation.verdict is Verdict.UNREADABLE
    assert explanation.sds[0].disk[0].message == "its media folder cannot be read now: Permission denied"
    presence = call_refused(refused, lambda: look_up(machine.bench, ID))
    assert (presence.exists, presence.verdict) == (False, Verdict.UNREADABLE)
    assert get_image(machine.bench, ID).proven


def test_without_storage_directories_the_advice_is_to_add_one(machine: Machine) -> None:
    """This is the first thing that a new user sees."""
    explanation = explain_image(machine.bench, ID)
    assert explanation.verdict is Verdict.NOT_FOUND
    assert "no storage directory is known" in explanation.summary
    assert explanation.next == "Add one with `strandline sd add PATH`."


def test_an_image_that_comes_between_lookup_and_explanation_is_handed_out(machine: Machine) -> None:
    """Nobody is told "not found: it is shown from …"."""
    one = machine.add("one")
    put_half(machine, one)

    def let_it_come() -> None:
        """The lookup has just recorded that the image is arriving."""
        machine.put(one, PICTURE)

    machine.bench.catalog.on_commit = let_it_come
    assert get_image(machine.bench, ID).read() == PICTURE
    assert [event.type for event in machine.events()][-2:] == ["image.arriving", "image.available"]


def test_a_placeholder_that_was_left_behind_says_nothing(machine: Machine) -> None:
    """If the file itself is here, its placeholder does not count; nor does one that is gone, whatever the catalog
    says.
    """
    one = machine.add("one")
    put_known_placeholder(machine, one)
    put_half(machine, one)
    assert [fact.what for fact in explain_image(machine.bench, ID).sds[0].disk] == ["arriving"]
    (machine.media(one) / NAME).unlink()
    (machine.media(one) / f".{NAME}.icloud").unlink()
    machine.clock.pass_time(seconds=3)
    assert explain_image(machine.bench, ID).verdict is Verdict.NOT_FOUND
    assert not look_up(machine.bench, ID).exists


ONLINE = StorageDir(
    number=1, sd_id=None, name="one", path="/one", state=StorageDirState.ONLINE, read_only=False, provisional=False,
    aliases=(), added_at=datetime(2026, 1, 1, tzinfo=UTC),
)  # fmt: skip
FACTS = st.lists(st.sampled_from([*VERDICTS, "other-copy", "symlink", "folder"]), max_size=4)


@given(facts=st.lists(FACTS, max_size=3), offline=st.booleans())
def test_the_verdict_is_the_best_of_all_facts(facts: list[list[str]], offline: bool) -> None:
    """An image that any SD can show is shown. The more hopeful verdict wins. Offline counts only if there is no
    other.
    """
    traces = [
        StorageDirTrace(ONLINE, (), tuple(DiskFact("x", what, None, "") for what in each)) for each in facts
    ]
    if offline:
        traces.append(StorageDirTrace(replace(ONLINE, state=StorageDirState.OFFLINE), (), ()))
    verdict = judge(tuple(traces))
    order = [
        Verdict.SHOWN, Verdict.FROM_CONFLICT_COPY, Verdict.ARRIVING, Verdict.ONLINE_ONLY, Verdict.DAMAGED,
        Verdict.FOREIGN, Verdict.UNREADABLE, Verdict.SD_OFFLINE, Verdict.NOT_FOUND,
    ]  # fmt: skip
    possible = {VERDICTS[what] for each in facts for what in each if what in VERDICTS}
    possible.add(Verdict.SD_OFFLINE if offline else Verdict.NOT_FOUND)
    assert verdict is min(possible, key=order.index)
    assert judge(tuple(reversed(traces))) is verdict


@pytest.mark.parametrize(("arrange", "verdict"), [each[:2] for each in SITUATIONS])
def test_summaries_are_sentences(machine: Machine, arrange: Situation, verdict: str) -> None:
    """One line, complete, with the id in it, for every verdict that can occur here."""
    arrange(machine, machine.add("one"))
    explanation = explain_image(machine.bench, ImageId(ID))
    assert explanation.verdict == verdict
    assert re.fullmatch(rf"[^\n]*{ID}[^\n]*\.", explanation.summary)
