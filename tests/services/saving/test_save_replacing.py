"""Saving under a name that is taken: what is replaced, what never is, and disks that refuse."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from builders.dialects import conflict_name
from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from fault_kit.refusing_kernel import LIKE_FUSE, Refusal, call_refused
from strandline.errors import (
    DifferentBytesError,
    DiskError,
    RefusedError,
)
from strandline.model.image_files import FileState
from strandline.model.reports import Saved
from strandline.model.trash import TrashedFile
from strandline.services.finding.search import find_image
from strandline.services.saving.save import save_image
from strandline.services.trashing.trash import folder_of

NO_SEARCHING = Refusal("openat", errno.EACCES, argument=2, mask=0o10000000)
"""Folders cannot be opened for searching (O_PATH)."""

PICTURE = make_picture("png", seed=1)
OTHER = make_picture("png", seed=2)
ID, NAME = id_of(PICTURE), name_of(PICTURE)


def list_trash(machine: Machine) -> list[TrashedFile]:
    """The catalog's entries of the trash."""
    with machine.bench.catalog.read() as reader:
        return reader.trash.list_trashed()


@pytest.mark.parametrize("bad", [b"", PICTURE[:300], PICTURE[:-3000], b"no image"], ids=len)
@pytest.mark.parametrize("hours", [0, 25], ids=["arriving", "damaged"])
@pytest.mark.parametrize("legacy", [False, True], ids=["content id", "legacy id"])
def test_bad_bytes_are_replaced_after_a_copy(machine: Machine, bad: bytes, hours: int, legacy: bool) -> None:
    """The trash has them with a description that needs no catalog, and the catalog lists them."""
    one = machine.add("one")
    image_id, name = (LEGACY_ID, f"{LEGACY_ID}.png") if legacy else (ID, NAME)
    machine.put(one, bad, name)
    assert find_image(machine.bench, image_id) is None
    machine.clock.pass_time(hours=hours)
    assert save_image(machine.bench, PICTURE, one, image_id=image_id).new
    assert (machine.media(one) / name).read_bytes() == PICTURE
    assert machine.get(image_id).proven
    (entry,) = list_trash(machine)
    folder = folder_of(machine.bench, entry)
    assert sorted(os.listdir(folder)) == sorted([name, "about.json"])
    assert (folder / name).read_bytes() == bad
    about = json.loads((folder / "about.json").read_text())
    assert about == entry.to_json()
    assert about["sha256"] == hashlib.sha256(bad).hexdigest()
    assert (about["reason"], about["size_bytes"]) == ("replaced", len(bad))
    assert (about["sd_id"], about["sd_path"]) == (one.sd_id, one.path)
    assert len(machine.events("image.available")) == 1


def test_bytes_that_come_after_the_copy_are_what_is_copied(machine: Machine) -> None:
    """The client keeps writing while the trash copy is made. The replaced file was checked again right before.

    The first copy is deleted, because its bytes were not replaced.
    """
    one = machine.add("one")
    path = machine.put(one, PICTURE[:300], NAME)
    now, more = machine.bench.now, [PICTURE[:500]]

    def tell_time_and_write() -> datetime:
        """Called when the clock is read for the description: the copy exists by then, its description does not."""
        is_copied = list(machine.bench.trash_folder.glob(f"*/*/{NAME}"))
        if is_copied and more:
            path.write_bytes(more.pop())
        return now()

    machine.bench.now = tell_time_and_write
    save_image(machine.bench, PICTURE, one)
    assert not more
    assert path.read_bytes() == PICTURE
    (copy,) = machine.bench.trash_folder.glob("*/*")
    assert (copy / NAME).read_bytes() == PICTURE[:500]
    assert [entry.trash_id for entry in list_trash(machine)] == [copy.name]


@pytest.mark.parametrize("legacy", [False, True], ids=["content id", "legacy id"])
def test_a_file_that_completes_after_its_proof_is_not_replaced(machine: Machine, legacy: bool) -> None:
    """If the client brings the last bytes after the file was judged and before it is in the trash, they count."""
    one = machine.add("one")
    image_id, theirs = (LEGACY_ID, OTHER) if legacy else (ID, PICTURE)
    path = machine.put(one, theirs[:300], f"{image_id}.png")
    now, rest = machine.bench.now, [theirs]

    def tell_time_and_complete() -> datetime:
        """Called when the clock is read for the new row: the half file has its row by then, and no copy."""
        if rest and machine.row(one, path.name) is not None:
            path.write_bytes(rest.pop())
        return now()

    machine.bench.now = tell_time_and_complete
    if legacy:
        with pytest.raises(DifferentBytesError):
            save_image(machine.bench, PICTURE, one, image_id=image_id)
    else:
        assert not save_image(machine.bench, PICTURE, one).new
    assert not rest
    assert path.read_bytes() == theirs
    assert list_trash(machine) == []
    assert list(machine.bench.trash_folder.glob("*/*")) == []


@pytest.mark.parametrize("plain", [None, PICTURE[:300]], ids=["missing", "half"])
def test_what_only_a_conflict_copy_has_is_saved_under_its_own_name(
    machine: Machine, plain: bytes | None
) -> None:
    """After the save, the image no longer depends on a copy that its client may delete at any time (H39)."""
    one = machine.add("one")
    if plain is not None:
        machine.put(one, plain, NAME)
    copy = machine.put(one, PICTURE, conflict_name(NAME, "syncthing"))
    found = machine.get(ID)
    assert found.from_conflict_copy
    saved = save_image(machine.bench, found.read(), one)
    assert (saved.new, saved.filename) == (True, NAME)
    copy.unlink()
    kept = machine.get(ID)
    assert (kept.filename, kept.from_conflict_copy, kept.read()) == (NAME, False, PICTURE)


def test_a_file_that_never_rests_leaves_no_copies(machine: Machine) -> None:
    """If a client writes after each copy, the save is refused, and both the trash and its index are empty."""
    one = machine.add("one")
    path = machine.put(one, PICTURE[:300], NAME)
    now = machine.bench.now
    copied: set[Path] = set()

    def tell_time_and_write() -> datetime:
        """Called when the clock is read, once after each copy, for its description."""
        if new := set(machine.bench.trash_folder.glob(f"*/*/{NAME}")) - copied:
            copied.update(new)
            with path.open("ab") as file:
                file.write(b"more")
        return now()

    machine.bench.now = tell_time_and_write
    with pytest.raises(RefusedError, match="keep changing"):
        save_image(machine.bench, PICTURE, one)
    assert len(copied) > 1
    assert path.read_bytes() == PICTURE[:300] + b"more" * len(copied)
    assert list(machine.bench.trash_folder.glob("*/*")) == []
    assert list_trash(machine) == []


def test_a_foreign_image_is_kept_under_its_own_id(machine: Machine) -> None:
    """It is saved first, then replaced. Both images are shown afterwards."""
    one = machine.add("one")
    machine.put(one, OTHER, NAME)
    find_image(machine.bench, ID)
    machine.clock.pass_time(seconds=3)
    find_image(machine.bench, ID)
    row = machine.row(one, NAME)
    assert row is not None
    assert row.state is FileState.FOREIGN
    save_image(machine.bench, PICTURE, one)
    assert machine.get(ID).read() == PICTURE
    assert machine.get(id_of(OTHER)).read() == OTHER
    assert [entry.sha256 for entry in list_trash(machine)] == [hashlib.sha256(OTHER).hexdigest()]


def test_other_whole_bytes_under_a_legacy_id_are_never_replaced(machine: Machine) -> None:
    """They may be the only ones (5). Without the given id, both are kept."""
    one = machine.add("one")
    machine.put(one, OTHER, f"{LEGACY_ID}.png")
    for _ in range(2):  # first unknown, then known
        with pytest.raises(DifferentBytesError, match="leave the id out"):
            save_image(machine.bench, PICTURE, one, image_id=LEGACY_ID)
    assert (machine.media(one) / f"{LEGACY_ID}.png").read_bytes() == OTHER
    assert list_trash(machine) == []
    machine.put(one, OTHER, f"{LEGACY_ID}.png").rename(machine.media(one) / f"{LEGACY_ID}.JPEG")
    with pytest.raises(DifferentBytesError):
        save_image(machine.bench, PICTURE, one, image_id=LEGACY_ID)
    assert save_image(machine.bench, PICTURE, one).new


def test_of_two_savers_over_one_bad_file_the_second_is_told(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts between the other's last look at the file and its rename. Its image is refused, not lost."""
    one = machine.add("one")
    path = machine.put(one, b"", f"{LEGACY_ID}.png")
    rename = os.replace
    second: list[Future[Saved]] = []

    def rename_meanwhile(*arguments: Any, **options: Any) -> None:
        if arguments[1] == path.name and not second:
            second.append(pool.submit(save_image, machine.bench, OTHER, one, image_id=LEGACY_ID))
            wait(second, timeout=0.5)  # it cannot finish yet; if it could, its image would be replaced below
        rename(*arguments, **options)

    monkeypatch.setattr(os, "replace", rename_meanwhile)
    with ThreadPoolExecutor(1) as pool:
        assert save_image(machine.bench, PICTURE, one, image_id=LEGACY_ID).new
        with pytest.raises(DifferentBytesError):
            second[0].result()
    assert path.read_bytes() == PICTURE


def test_an_odd_legacy_image_that_decodes_is_not_replaced(machine: Machine) -> None:
    """It is shown, with a badge. Other bytes would change the picture under a name that is in use."""
    one = machine.add("one")
    machine.put(one, OTHER[:-12], f"{LEGACY_ID}.png")
    find_image(machine.bench, LEGACY_ID)
    machine.clock.pass_time(minutes=6)
    with pytest.raises(DifferentBytesError):
        save_image(machine.bench, PICTURE, one, image_id=LEGACY_ID)


def test_bad_bytes_under_another_extension_are_left_alone(machine: Machine) -> None:
    """The good file is written beside them."""
    one = machine.add("one")
    half = machine.put(one, PICTURE[:300], f"{ID}.jpg")
    assert save_image(machine.bench, PICTURE, one).filename == NAME
    assert half.read_bytes() == PICTURE[:300]
    assert list_trash(machine) == []


def occupy_with_folder(path: Path) -> None:
    path.mkdir()
    (path / "somebody's").write_bytes(b"data")


def occupy_with_symlink(path: Path) -> None:
    path.symlink_to(path.parent.parent / "target.png")


@pytest.mark.parametrize("occupy", [occupy_with_folder, occupy_with_symlink, os.mkfifo])
def test_what_is_no_file_is_never_replaced(machine: Machine, occupy: Callable[[Path], None]) -> None:
    """A person has to move it away."""
    one = machine.add("one")
    path = machine.media(one) / NAME
    occupy(path)
    before = path.lstat()
    with pytest.raises(RefusedError, match="is not a regular file; move it away"):
        save_image(machine.bench, PICTURE, one)
    assert path.lstat() == before
    assert not Path(one.path, "target.png").exists()


@pytest.mark.parametrize("what", ["file", "link to a folder", "broken link"])
def test_a_media_folder_that_is_none_is_not_written_to(machine: Machine, what: str) -> None:
    """It is neither replaced nor followed."""
    one = machine.add("one")
    media, elsewhere = machine.media(one), machine.folder / "elsewhere"
    media.rmdir()
    elsewhere.mkdir()
    if what == "file":
        media.write_bytes(b"somebody's")
    else:
        media.symlink_to(elsewhere if what == "link to a folder" else "nowhere")
    with pytest.raises(RefusedError, match="in the way and is not a folder"):
        save_image(machine.bench, PICTURE, one)
    assert os.listdir(elsewhere) == []
    assert sorted(os.listdir(one.path)) == ["SD_ID", "media"]


class TestRefusingDisks:
    """Real refusals of the kernel, at the worst moment."""

    def test_a_media_folder_that_cannot_be_searched_is_a_disk_error(self, machine: Machine) -> None:
        """Nobody knows whether the image is there, so nothing is written."""
        one = machine.add("one", PICTURE)
        with pytest.raises(DiskError, match="look into"):
            call_refused([NO_SEARCHING], lambda: save_image(machine.bench, PICTURE, one))
        assert os.listdir(machine.media(one)) == [NAME]

    def test_where_nothing_can_be_linked_content_ids_are_saved(self, machine: Machine) -> None:
        """By a rename after a last look. A legacy id is refused, because a file could be lost."""
        one = machine.add("one")
        saved = call_refused(LIKE_FUSE, lambda: save_image(machine.bench, PICTURE, one))
        assert (machine.media(one) / saved.filename).read_bytes() == PICTURE
        with pytest.raises(DiskError, match="save under a content id"):
            call_refused(LIKE_FUSE, lambda: save_image(machine.bench, PICTURE, one, image_id=LEGACY_ID))
        assert os.listdir(machine.media(one)) == [NAME]

    @pytest.mark.parametrize("call", ["fsync", "renameat"])
    def test_a_replacement_that_fails_leaves_the_old_bytes(self, machine: Machine, call: str) -> None:
        """There is no copy of them in the trash, whether copying fails or the last step does."""
        one = machine.add("one")
        path = machine.put(one, PICTURE[:300], NAME)
        find_image(machine.bench, ID)
        with pytest.raises(DiskError):
            call_refused([Refusal(call, errno.EIO)], lambda: save_image(machine.bench, PICTURE, one))
        assert path.read_bytes() == PICTURE[:300]
        assert os.listdir(machine.media(one)) == [NAME]
        assert list(machine.bench.scratch.iterdir()) == []
        assert list_trash(machine) == []
        assert list(machine.bench.trash_folder.glob("*/*")) == []
        assert save_image(machine.bench, PICTURE, one).new
        assert machine.get(ID).read() == PICTURE
