"""The file of a saved image has the time of its source, so a picture without a date keeps its place (SPEC §7)."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.identities import A
from builders.machine import Machine, open_machine
from builders.pictures import make_picture
from builders.storage import id_of, make_pictures, make_storage_dir, name_of
from fault_kit.refusing_kernel import NO_UNNAMED_FILES, Refusal, call_refused
from strandline import NewImage, Query, Saved, Store, open_store
from strandline.model.image_files import FileStamp, Proof, ProofKind
from strandline.model.image_ids import ImageId
from strandline.model.states import EARLIEST_MTIME_NS, choose_mtime, is_reliable
from strandline.services.saving.adopt import adopt_image
from strandline.services.saving.copy import copy_image
from strandline.services.saving.save import save_image
from strandline.services.saving.save_several import save_several

PICTURE, OTHER = make_pictures(2)
NAME = name_of(PICTURE)
OLD = datetime(2011, 5, 4, 3, 2, 1, tzinfo=UTC)
OLD_NS = int(OLD.timestamp()) * 10**9

times = st.integers(631_152_000, 7_258_118_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(st.integers(-(2**70), 2**70), times, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_a_chosen_time_makes_later_proofs_reliable(source_ns: int, now: datetime, later: timedelta) -> None:
    """It is never within two seconds of a proof that is made after it."""
    stamp = FileStamp(9, choose_mtime(source_ns, now), 7)
    assert is_reliable(Proof(ProofKind.HASH, "", stamp, now + later))


@given(times, st.timedeltas(timedelta(0), timedelta(days=30_000)))
def test_a_usable_time_is_kept(now: datetime, age: timedelta) -> None:
    """If it is from two seconds ago or earlier, and not from before any file system's first day."""
    source_ns = int((now - age).timestamp()) * 10**9
    expected = source_ns if source_ns >= EARLIEST_MTIME_NS and age >= timedelta(seconds=3) else None
    chosen = choose_mtime(source_ns, now)
    assert chosen == expected if expected is not None else chosen <= int(now.timestamp() * 1e9)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A picture file from 2011 that does not say when it was taken."""
    path = tmp_path / "holiday.png"
    path.write_bytes(PICTURE)
    os.utime(path, ns=(OLD_NS, OLD_NS))
    return path


def mtime_ns(machine: Machine, number: int = 0, name: str = NAME) -> int:
    """Of the image's file in a storage directory."""
    return (machine.media(machine.list_storage_dirs()[number]) / name).stat().st_mtime_ns


SAVES: dict[str, Callable[[Path], NewImage]] = {
    "a path": NewImage,
    "bytes with a time": lambda source: NewImage(source.read_bytes(), modified_at=OLD),
}


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("how", SAVES)
def test_the_file_has_the_time_of_its_source(tmp_path: Path, source: Path, how: str, together: bool) -> None:
    """Also where no unnamed files are possible."""
    image = SAVES[how](source)

    def save(machine: Machine) -> None:
        sd = machine.add("one")
        if together:
            save_several(machine.bench, [NewImage(OTHER), image], sd)
        else:
            save_image(machine.bench, image.source, sd, modified_at=image.modified_at)

    for refused in ((), (NO_UNNAMED_FILES,)):
        folder = tmp_path / f"machine {len(refused)}"
        folder.mkdir()
        with open_machine(folder) as machine:
            call_refused(refused, partial(save, machine))
            assert mtime_ns(machine) == OLD_NS


def test_copies_and_adopted_images_keep_it(tmp_path: Path, source: Path) -> None:
    """A copy in another storage directory has the time of the file that it was made from."""
    with open_machine(tmp_path) as machine:
        one, two = machine.add("one"), machine.add("two")
        save_image(machine.bench, source, one)
        copy_image(machine.bench, id_of(PICTURE), two)
        assert mtime_ns(machine, 1) == OLD_NS
        path = machine.put(one, OTHER, name_of(make_picture("png", seed=9)))
        os.utime(path, ns=(OLD_NS + 10**9, OLD_NS + 10**9))
        machine.scan(one)
        machine.get(id_of(PICTURE), one)
        machine.clock.pass_time(minutes=10)
        adopt_image(machine.bench, one, path.name)
        assert mtime_ns(machine, 0, name_of(OTHER)) == OLD_NS + 10**9


def test_what_replaces_wrong_bytes_is_newer_than_they_are(tmp_path: Path, source: Path) -> None:
    """A sync client that compares sizes and times, or lets the newest win, must carry the good bytes on."""
    with open_machine(tmp_path) as machine:
        sd = machine.add("one")
        path = machine.put(sd, b"\0" * len(PICTURE), NAME)
        os.utime(path, ns=(OLD_NS, OLD_NS))
        saved = save_image(machine.bench, source, sd)
        assert saved.new
        assert path.read_bytes() == PICTURE
        assert mtime_ns(machine) > OLD_NS + 10**18 // 10


def test_a_file_system_that_sets_no_times_is_saved_to(tmp_path: Path, source: Path) -> None:
    """The file then has the time of its writing, and its proof is repeated as for any new file."""
    with open_machine(tmp_path) as machine:
        sd = machine.add("one")
        call_refused([Refusal("utimensat", errno.EPERM)], lambda: save_image(machine.bench, source, sd))
        assert mtime_ns(machine) > OLD_NS
        row = machine.row(sd, NAME)
        assert row is not None
        assert row.is_proven
        assert row.stamp is not None
        assert row.stamp.mtime_ns == mtime_ns(machine)


def test_a_write_right_after_the_name_is_noticed(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody opens the file and writes to it before the save has looked at it again: it is not taken for ours."""
    with open_machine(tmp_path) as machine:
        sd = machine.add("one")
        link = os.link

        def link_and_write(*args: object, **options: object) -> None:
            link(*args, **options)  # type: ignore[arg-type]
            (machine.media(sd) / NAME).write_bytes(OTHER[: len(PICTURE)].ljust(len(PICTURE), b"x"))

        monkeypatch.setattr(os, "link", link_and_write)
        save_image(machine.bench, source, sd)
        monkeypatch.undo()
        machine.scan(sd)
        row = machine.row(sd, NAME)
        assert row is not None
        assert not row.is_proven


def test_a_saved_image_need_not_be_read_to_be_handed_out(tmp_path: Path) -> None:
    """The save's own proof stands at once, with the ctime of the file under its name."""
    with open_machine(tmp_path) as machine:
        sd = machine.add("one")
        save_image(machine.bench, PICTURE, sd)
        row = machine.row(sd, NAME)
        assert row is not None
        assert row.proof is not None
        assert row.proof.ctime_ns == (machine.media(sd) / NAME).stat().st_ctime_ns
        found = machine.get(id_of(PICTURE))
        assert not hasattr(found.bytes_from, "buffer"), "it was read and hashed again"
        found.close()


def test_the_gallery_shows_it_at_its_own_time(tmp_path: Path, source: Path) -> None:
    """Also for a machine that only has the folder: there, the order comes from the files alone."""
    make_storage_dir(tmp_path / "one", sd_id=A)
    newer = tmp_path / "newer.png"
    newer.write_bytes(OTHER)
    os.utime(newer, ns=(OLD_NS + 10**15, OLD_NS + 10**15))
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(tmp_path / "one")
        saved = store.save_several([NewImage(newer), NewImage(source)], sd=A)
        assert all(isinstance(each, Saved) for each in saved)
        expected = [(id_of(OTHER), OLD + timedelta(days=11.574074074074)), (id_of(PICTURE), OLD)]
        _check_order(store, expected)
    with open_store(tmp_path / "another home") as store:
        store.add_storage_dir(tmp_path / "one")
        _check_order(store, expected)


def _check_order(store: Store, expected: list[tuple[ImageId, datetime]]) -> None:
    images = store.list_images(Query()).images
    assert [image.image_id for image in images] == [image_id for image_id, _ in expected]
    for image, (_, at) in zip(images, expected, strict=True):
        mtime = image.best.mtime
        assert mtime is not None
        assert abs(mtime - at) < timedelta(seconds=1)
