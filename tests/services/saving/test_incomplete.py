"""Incomplete images: bytes with the right hash that are not a whole picture are kept, and reported as such."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from builders import hostile_pictures
from builders.catalogs import sql_of
from builders.machine import LEGACY_ID, Machine
from builders.pictures import KINDS, make_picture
from builders.storage import id_of, name_of
from strandline.model.events import ImageAvailable
from strandline.model.image_files import ImageFile
from strandline.model.queries import Query, parse_query
from strandline.model.storage_dirs import StorageDir
from strandline.model.sync_status import SyncStatus
from strandline.services.finding.describe import find_image_info
from strandline.services.finding.explain import explain_image
from strandline.services.inspecting.browse import describe_file
from strandline.services.inspecting.inspect import inspect_storage_dir
from strandline.services.proving.backlog import verify_unproven
from strandline.services.proving.prove import prove_file
from strandline.services.saving.save import save_image

DEMO_PICTURES = sorted(
    path
    for path in Path(__file__).parents[3].joinpath("demo/pictures").iterdir()
    if path.suffix.lower() not in (".md", ".py")
)
HOSTILE: list[Callable[[], bytes]] = [
    hostile_pictures.make_png_bomb,
    lambda: hostile_pictures.make_gif_of_many_frames(500),
    lambda: hostile_pictures.make_jpeg_of_many_scans(50),
    hostile_pictures.make_laughing_svg,
    hostile_pictures.make_slow_svg,
    hostile_pictures.make_svg_that_uses_itself_often,
]
PICTURE = make_picture("jpg", seed=1, size=(400, 300))
HALF = PICTURE[: len(PICTURE) // 2]


def row_of(machine: Machine, sd: StorageDir, data: bytes) -> ImageFile:
    """What the catalog knows about the image's file."""
    row = machine.row(sd, name_of(data))
    assert row is not None
    return row


def incomplete(status: SyncStatus) -> list[str]:
    """What the inspection reports as incomplete."""
    return [item.filename for item in status.incomplete]


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "webp", "svg", "heic", "heif", "avif"])
def test_half_an_image_is_kept_and_said_to_be_half(machine: Machine, kind: str) -> None:
    """Each save says so, and so do info, explain, and inspect."""
    half = make_picture(kind, seed=1)[:-100]
    one = machine.add("one")
    first, second = save_image(machine.bench, half, one), save_image(machine.bench, half, one)
    assert (first.new, first.whole, second.new, second.whole) == (True, False, False, False)
    assert first.to_json()["whole"] is False
    save_image(machine.bench, PICTURE, one)
    with machine.bench.catalog.read() as reader:
        shown = [
            event
            for event in reader.journal.list_events(since=0, limit=10)
            if isinstance(event, ImageAvailable)
        ]
        halves, _ = reader.images.list_image_ids(
            parse_query(Query(state="incomplete"), None), after=None, limit=9
        )
        assert reader.images.count_images(parse_query(Query(state="incomplete"), None)) == 1
    assert [(event.image_id, event.whole) for event in shown] == [
        (first.image_id, False),
        (id_of(PICTURE), True),
    ]
    assert halves == [first.image_id]
    assert machine.get(first.image_id).read() == half
    info = find_image_info(machine.bench, first.image_id)
    assert info is not None
    told = info.files[0].to_json()
    assert (info.to_json()["whole"], told["whole"], told["proven"]) == (False, False, True)
    explanation = explain_image(machine.bench, first.image_id)
    (fact,) = explanation.sds[0].disk
    assert (fact.what, explanation.verdict.value) == ("incomplete", "shown")
    assert "not a whole image" in fact.message
    assert "not whole" in explanation.summary
    assert explanation.next is not None
    status = inspect_storage_dir(machine.bench, one)
    assert incomplete(status) == [first.filename]
    assert not status.is_healthy
    assert describe_file(machine.bench, one, f"media/{first.filename}")["whole"] is False


def test_a_half_image_that_a_client_brings_is_called_the_same(machine: Machine) -> None:
    """If another program hashed half a file, the bytes match the id. Inspecting reads none of them."""
    one = machine.add("one", HALF)
    assert inspect_storage_dir(machine.bench, one).is_healthy  # not read yet
    prove_file(machine.bench, one, name_of(HALF))
    assert row_of(machine, one, HALF).is_proven
    assert incomplete(inspect_storage_dir(machine.bench, one)) == [name_of(HALF)]
    machine.media(one).joinpath(name_of(HALF)).unlink()
    assert incomplete(inspect_storage_dir(machine.bench, one)) == []


@pytest.mark.parametrize("path", DEMO_PICTURES, ids=lambda path: path.name)
def test_no_real_photograph_is_called_incomplete(machine: Machine, path: Path) -> None:
    """A false alarm would teach people to ignore it."""
    one = machine.add("one")
    assert save_image(machine.bench, path, one).whole
    assert inspect_storage_dir(machine.bench, one).is_healthy


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_of_picture_is_called_incomplete(machine: Machine, kind: str) -> None:
    """Not even one with bytes after its end, such as a motion photo, if the format has an end marker."""
    one, data = machine.add("one"), make_picture(kind, seed=3)
    saved = save_image(machine.bench, data, one)
    assert saved.whole
    assert save_image(machine.bench, data, one).whole
    if kind.split("-")[0] not in ("heic", "heif", "avif"):
        assert save_image(machine.bench, data + b"\0\1 and a film", one).whole
    explanation = explain_image(machine.bench, saved.image_id)
    assert "checked and whole" in explanation.sds[0].disk[0].message


@pytest.mark.parametrize("make", HOSTILE)
def test_what_means_harm_is_not_called_incomplete(machine: Machine, make: Callable[[], bytes]) -> None:
    """They are whole, whatever it costs to draw them."""
    assert save_image(machine.bench, make(), machine.add("one")).whole


def test_a_whole_image_under_an_id_of_ones_own_is_whole(machine: Machine) -> None:
    """Nothing else is accepted under it."""
    one = machine.add("one")
    assert save_image(machine.bench, PICTURE, one, image_id=LEGACY_ID).whole
    assert save_image(machine.bench, PICTURE, one, image_id=LEGACY_ID).whole


def forget_wholeness(machine: Machine) -> None:
    """As in a catalog whose proofs were made before structures were walked."""
    with machine.bench.catalog.write() as writer:
        sql_of(writer).execute("UPDATE image_files SET proof_whole = NULL")


def test_older_proofs_say_nothing_until_the_verifier_has_made_them_again(machine: Machine) -> None:
    """Unknown means neither whole nor half. A repeated proof is no news about the image."""
    one = machine.add("one", PICTURE, HALF)
    assert verify_unproven(machine.bench, one, may_read=lambda _size: True)
    events = machine.events()
    forget_wholeness(machine)
    assert row_of(machine, one, HALF).is_whole is None
    assert row_of(machine, one, HALF).is_proven
    assert inspect_storage_dir(machine.bench, one).is_healthy
    assert verify_unproven(machine.bench, one, may_read=lambda _size: True)
    assert (row_of(machine, one, HALF).is_whole, row_of(machine, one, PICTURE).is_whole) == (False, True)
    assert machine.events() == events
    assert verify_unproven(machine.bench, one, may_read=lambda _size: pytest.fail("nothing is left to read"))


def test_a_save_over_an_older_proof_still_says_what_the_bytes_are(machine: Machine) -> None:
    """The bytes are at hand, so they are walked."""
    one = machine.add("one")
    save_image(machine.bench, HALF, one)
    machine.clock.pass_time(minutes=1)
    forget_wholeness(machine)
    assert not save_image(machine.bench, HALF, one).whole


def test_who_read_the_row_before_it_was_known_does_not_undo_it(machine: Machine) -> None:
    """The update compares the proof as it was read, including its wholeness."""
    one = machine.add("one", HALF)
    prove_file(machine.bench, one, name_of(HALF))
    known = row_of(machine, one, HALF)
    assert known.proof is not None
    stale = replace(known, proof=replace(known.proof, whole=None))
    with machine.bench.catalog.write() as writer:
        assert not writer.files.update_row(stale, replace(stale, width=1))
    assert row_of(machine, one, HALF) == known


def test_an_image_of_an_unknown_type_is_not_called_whole(machine: Machine) -> None:
    """Its bytes hash to its id, and nothing else can be checked."""
    text = b"no picture at all"
    one = machine.add("one")
    machine.put(one, text, f"{id_of(text)}.png")
    prove_file(machine.bench, one, f"{id_of(text)}.png")
    assert incomplete(inspect_storage_dir(machine.bench, one)) == [f"{id_of(text)}.png"]
