"""Lookup: names under which an image is found, names that are never followed, and files that are never read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.dialects import DIALECTS, conflict_name
from builders.machine import LEGACY_ID, Machine, open_machine
from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir, name_of, put_half, set_mtime
from fault_kit.traced import trace_calls
from strandline.services.finding.look_up import look_up
from strandline.services.finding.search import MAX_CONFLICT_COPIES, find_image

PICTURE = make_picture("png", seed=1)
ID, NAME = id_of(PICTURE), name_of(PICTURE)
OTHER = make_picture("png", seed=2)


@pytest.mark.parametrize(
    "name",
    [
        f"{ID}.png",
        f"{ID}.PNG",
        f"{ID}.Png",
        f"{ID.upper()}.png",
        f"{ID.upper()}.PNG",
        f"{ID}.jpg",
        f"{ID}.JPG",
    ],
)
def test_an_image_is_found_in_any_letter_case(machine: Machine, name: str) -> None:
    """And with any extension: the bytes determine the type."""
    one = machine.add("one")
    machine.put(one, PICTURE, name)
    found = machine.get(ID)
    assert (found.filename, found.media_type) == (name, "image/png")
    assert found.read() == PICTURE


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown"])
def test_the_exact_lower_case_name_is_preferred(machine: Machine, is_known: bool) -> None:
    """Three spellings side by side, on a disk that keeps letter case (hazard H26)."""
    one = machine.add("one")
    for name in (f"{ID.upper()}.PNG", f"{ID}.PNG", f"{ID}.png"):
        machine.put(one, PICTURE, name)
    if is_known:
        machine.scan(one)
    found = machine.get(ID)
    assert found.filename == f"{ID}.png"


def test_bytes_win_over_the_extension(machine: Machine) -> None:
    """A HEIC named .jpg is served as a HEIC."""
    heic = make_picture("heic", seed=4)
    one = machine.add("one")
    machine.put(one, heic, f"{id_of(heic)}.jpg")
    found = machine.get(id_of(heic))
    assert found.media_type == "image/heic"


LISTING = """
import sys
from strandline import open_store
home, image_id = sys.argv[1:]
with open_store(home) as store:
    store.find(image_id)
    begin()
    for _ in range(20):
        store.find(image_id)
    end()
"""


def test_a_folder_is_listed_at_most_once_for_each_mtime(tmp_path: Path) -> None:
    """Odd spellings need a listing. An unchanged folder is listed only at the first lookup."""
    with open_machine(tmp_path) as machine:
        for name in ("one", "two"):
            sd = machine.add(name, PICTURE)
            set_mtime(machine.media(sd), seconds_ago=60)
    lines = trace_calls(LISTING, tmp_path / "home", "0" * 32, calls="getdents64")
    assert [line for line in lines if "/media>" in line] == []


def test_an_odd_spelling_that_arrives_is_found(machine: Machine) -> None:
    """Even if the folder was listed just before."""
    one = machine.add("one")
    assert find_image(machine.bench, ID) is None
    machine.put(one, PICTURE, f"{ID.upper()}.Png")
    machine.clock.pass_time(seconds=3)
    found = machine.get(ID)
    assert found.filename == f"{ID.upper()}.Png"


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("plain", [None, b"", PICTURE[:200]], ids=["missing", "empty", "half"])
def test_a_conflict_copy_with_the_true_bytes_is_handed_out(
    machine: Machine, dialect: str, plain: bytes | None
) -> None:
    """If the plain file is missing or bad (hazard H24), any client's conflict copy is used, marked, without a
    write.
    """
    one = machine.add("one")
    name = conflict_name(NAME, dialect)
    machine.put(one, OTHER, f"{ID} (7).png")
    copy = machine.put(one, PICTURE, name)
    if plain is not None:
        machine.put(one, plain, NAME)
    found = machine.get(ID)
    assert (found.filename, found.from_conflict_copy, found.proven) == (name, True, True)
    assert found.path == copy
    assert found.read() == PICTURE
    assert machine.row(one, name) is None
    row = machine.row(one, NAME)
    assert (row is None) == (plain is None)
    assert (machine.media(one) / NAME).exists() == (plain is not None)


def test_a_good_plain_file_anywhere_wins_over_a_conflict_copy(machine: Machine) -> None:
    """Even a plain file in another SD."""
    one, other = machine.add("one"), machine.add("other", PICTURE)
    machine.put(one, PICTURE, f"{ID} (1).png")
    found = machine.get(ID, one)
    assert (found.sd.number, found.from_conflict_copy) == (other.number, False)


def test_a_conflict_copy_of_a_legacy_id_counts_if_it_is_the_only_whole_one(machine: Machine) -> None:
    """Half ones do not count, equal ones are one, and two different ones belong to no image."""
    one, other = machine.add("one"), machine.add("other")
    machine.put(one, PICTURE[:200], f"{LEGACY_ID} (1).png")
    assert find_image(machine.bench, LEGACY_ID) is None
    machine.put(one, PICTURE, f"{LEGACY_ID} (2).png")
    machine.put(other, PICTURE, f"{LEGACY_ID} (3).png")
    machine.clock.pass_time(seconds=3)
    found = machine.get(LEGACY_ID)
    assert (found.filename, found.proven) == (f"{LEGACY_ID} (2).png", False)
    machine.put(other, make_picture("png", seed=2), f"{LEGACY_ID} (4).png")
    machine.clock.pass_time(seconds=3)
    assert find_image(machine.bench, LEGACY_ID) is None


def test_a_legacy_conflict_copy_that_ends_in_zeros_is_not_whole(machine: Machine) -> None:
    """It was preallocated and is not yet filled."""
    one = machine.add("one")
    webp = make_picture("webp", seed=1, size=(200, 200))
    machine.put(one, webp[:-100] + bytes(100), f"{LEGACY_ID} (1).webp")
    assert find_image(machine.bench, LEGACY_ID) is None


def test_no_more_conflict_copies_are_read_than_the_limit(machine: Machine) -> None:
    """Other users of the folder can make a thousand: the fiftieth is found, the next one is not."""
    one = machine.add("one")
    names = [f"{ID}.sync-conflict-20260101-1200{number:02}-ABCDEFG.png" for number in range(60)]
    for name in names[: MAX_CONFLICT_COPIES - 1]:
        machine.put(one, b"x", name)
    good = machine.put(one, PICTURE, names[MAX_CONFLICT_COPIES - 1])
    assert machine.get(ID).path == good
    good.write_bytes(b"x")
    machine.put(one, PICTURE, names[MAX_CONFLICT_COPIES])
    machine.clock.pass_time(seconds=3)
    assert find_image(machine.bench, ID) is None


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "unknown"])
def test_an_image_that_is_in_the_cloud_exists(machine: Machine, is_known: bool) -> None:
    """Its placeholder counts. A real file, here or elsewhere, is better."""
    one = machine.add("one")
    machine.put(one, b"bplist00", f".{NAME}.icloud")
    if is_known:
        machine.scan(one)
    presence = look_up(machine.bench, ID)
    assert (presence.exists, presence.state, presence.proven) == (True, "online-only", False)
    assert find_image(machine.bench, ID) is None
    machine.add("other", PICTURE)
    assert look_up(machine.bench, ID, one).state == "present"


def put_symlink(path: Path) -> None:
    path.symlink_to(path.parent.parent / "elsewhere.png")


def put_fifo(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("occupy", [put_symlink, put_fifo, Path.mkdir], ids=["symlink", "FIFO", "folder"])
@pytest.mark.parametrize("was_known", [True, False], ids=["known before", "unknown"])
def test_only_regular_files_count(machine: Machine, occupy: Callable[[Path], None], was_known: bool) -> None:
    """A link to the right bytes is not followed, and a FIFO does not block (hazards H33, H34)."""
    one = machine.add("one")
    Path(one.path, "elsewhere.png").write_bytes(PICTURE)
    path = machine.media(one) / NAME
    if was_known:
        machine.put(one, PICTURE)
        machine.clock.pass_time(minutes=1)
        machine.get(ID)
        path.unlink()
    occupy(path)
    assert find_image(machine.bench, ID) is None
    assert not look_up(machine.bench, ID).exists


def test_two_names_of_one_file_are_two_files(machine: Machine) -> None:
    """Programs make hard links to save space: each name is found, and survives the other (hazard H34)."""
    one, other = machine.add("one"), machine.add("other")
    path = machine.put(one, PICTURE)
    os.link(path, machine.media(one) / f"{LEGACY_ID}.png")
    os.link(path, machine.media(other) / NAME)
    assert {machine.get(ID, sd).sd.number for sd in (one, other)} == {one.number, other.number}
    path.unlink()
    assert machine.get(LEGACY_ID).read() == PICTURE
    assert machine.get(ID, one).from_other_sd


@pytest.mark.parametrize("target", ["folder", "nowhere", "loop"])
def test_a_media_folder_that_is_a_link_is_not_looked_through(machine: Machine, target: str) -> None:
    """Neither by rows nor by discovery: another machine may have pointed it anywhere."""
    one = machine.add("one", PICTURE)
    machine.clock.pass_time(minutes=1)
    machine.get(ID)
    media = machine.media(one)
    elsewhere = media.rename(machine.folder / "elsewhere")
    targets = {"folder": elsewhere, "nowhere": Path("nowhere"), "loop": media}
    media.symlink_to(targets[target])
    assert find_image(machine.bench, ID) is None
    other = make_picture("png", seed=2)
    (elsewhere / name_of(other)).write_bytes(other)
    assert find_image(machine.bench, id_of(other)) is None
    assert not look_up(machine.bench, id_of(other)).exists


READING_NOTHING = """
import sys
from strandline import open_store
home, *ids = sys.argv[1:]
with open_store(home) as store:
    begin()
    for image_id in ids:
        store.exists(image_id), store.look_up(image_id)
        try:
            store.info(image_id)
        except Exception:
            pass
    store.list_images()
    end()
"""


def test_asking_whether_an_image_is_here_reads_no_bytes(tmp_path: Path) -> None:
    """exists, look_up, info, and listings open no media file, whether the image is proven, unknown, half, or
    absent.
    """
    unknown, half = make_picture("png", seed=2), make_picture("png", seed=3)
    with open_machine(tmp_path) as machine:
        sd = machine.add("one", PICTURE)
        machine.put(sd, unknown)
        put_half(Path(sd.path), half)
    ids = (ID, id_of(unknown), id_of(half), "0" * 32)
    lines = trace_calls(READING_NOTHING, tmp_path / "home", *ids, calls="open,openat,openat2")
    assert [line for line in lines if "SD_ID" in line], "the trace sees opens at all"
    assert [line for line in lines if ".png" in line] == []


INVALID = """
import sys
from strandline import open_store
from strandline.errors import InvalidImageIdError
with open_store(sys.argv[1]) as store:
    begin()
    for text in ("../../etc/passwd", "", "0" * 31, "0" * 33, "x" * 36, "0" * 32 + ".png", "a\\0b"):
        for ask in (store.get, store.find, store.exists, store.look_up, store.info, store.explain, store.get_as_is):
            try:
                ask(text)
            except InvalidImageIdError:
                continue
            raise AssertionError(text)
    end()
"""


def test_an_invalid_id_never_touches_the_disk(tmp_path: Path) -> None:
    """No system call names a file of the home or of a storage directory."""
    make_storage_dir(tmp_path / "one", PICTURE)
    with open_machine(tmp_path) as machine:
        machine.add_again(tmp_path / "one")
    lines = trace_calls(INVALID, tmp_path / "home", calls="%file")
    assert [line for line in lines if str(tmp_path) in line] == []
