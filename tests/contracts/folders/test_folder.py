"""What every place of a storage directory promises: the contract of ``folders/port.py``, run on each kind."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.identities import A, B
from builders.storage import make_pictures, make_storage_dir, name_of, open_bench, put_image
from contracts.folders.conftest import Place
from fault_kit.hard_disks import read_only, small_disk
from strandline.errors import (
    ImageTooLargeError,
    InvalidPathError,
    RefusedError,
    UnreadableFileError,
    UnwritableFolderError,
)
from strandline.folders.port import SaveMode
from strandline.folders.saving import WrittenFile
from strandline.folders.setting_aside import AsideCopy
from strandline.model.identity.decisions import IdentityDecision, IdentityOutcome
from strandline.model.image_files import FileStamp
from strandline.model.image_ids import ImageId
from strandline.model.listing import OddKind

PICTURES = make_pictures(3)
ONE, TWO, THREE = PICTURES
NAMES = sorted(map(name_of, PICTURES))
LONG_AGO_NS = 1_000_000_000_000_000_000


def always() -> bool:
    """Any existing entry may be replaced."""
    return True


def stamp_at(place: Place, name: str) -> FileStamp:
    """The system's stamp of the file, by the place's inode rule."""
    seen = (place.media / name).stat()
    return FileStamp(seen.st_size, seen.st_mtime_ns, seen.st_ino if place.folder.keeps_inodes else 0)


def fill(place: Place) -> None:
    """Another program writes three pictures."""
    for data in PICTURES:
        put_image(place.root, data)


def test_it_says_what_kind_of_place_it_is(place: Place) -> None:
    """Only a local disk may be read without a request, reports changes, and keeps inode numbers."""
    folder, is_disk = place.folder, place.kind != "fuse"
    assert folder.root == str(place.root)
    told = (folder.is_local, folder.tells_changes, folder.may_be_read_unasked, folder.keeps_inodes)
    assert told == (is_disk,) * 4
    assert folder.kind.startswith("fuse") is not is_disk
    assert folder.place == place.bench.folder_at(str(place.media)).place


def test_everything_in_the_images_folder_is_listed(place: Place) -> None:
    """Regular files as lines with their stamps. A link, folder, or FIFO is an odd entry and is not followed."""
    fill(place)
    (place.media / "link").symlink_to(place.root / "SD_ID")
    (place.media / "deep").mkdir()
    (place.media / "deep" / NAMES[0]).write_bytes(ONE)
    os.mkfifo(place.media / "pipe")
    for comparing in (True, False):
        listing = place.folder.list_images(comparing=comparing)
        assert sorted(listing.lines) == [f"{name}:{stamp_at(place, name).as_text()}" for name in NAMES]
        odd = {entry.name: entry.kind for entry in listing.odd}
        assert odd == {"link": OddKind.SYMLINK, "deep": OddKind.FOLDER, "pipe": OddKind.SPECIAL}
    assert place.folder.list_names() == {*NAMES, "link", "deep", "pipe"}


def test_absence_of_the_images_folder_is_told_apart(place: Place) -> None:
    """Missing, a file, and a link give three different answers, and none looks like an empty folder."""
    folder = place.folder
    assert folder.has_images_folder()
    assert folder.find_changed_ns() is not None
    place.media.rmdir()
    assert not folder.has_images_folder()
    assert folder.find_changed_ns() is None
    with pytest.raises(FileNotFoundError):
        folder.list_images(comparing=True)
    assert folder.probe(NAMES) == []
    place.media.symlink_to(place.root)
    assert folder.has_images_folder()
    with pytest.raises(OSError, match=r"symbolic links|Not a directory"):
        folder.list_images(comparing=True)
    assert folder.probe(["SD_ID"]) == []


def test_names_are_probed_in_the_order_given(place: Place) -> None:
    """Regular files only, with the stamps that a listing has."""
    fill(place)
    (place.media / "link").symlink_to(NAMES[0])
    found = place.folder.probe([NAMES[2], "nothing.png", "link", NAMES[0]])
    assert found == [(name, stamp_at(place, name)) for name in (NAMES[2], NAMES[0])]


def test_what_was_touched_is_told(place: Place) -> None:
    """By the time of the last change of any kind. What is gone, or no file, is not."""
    fill(place)
    ctimes = {name: (place.media / name).stat().st_ctime_ns for name in NAMES}
    assert place.folder.find_touched({**ctimes, "nothing.png": 1}) == []
    (place.media / NAMES[2]).chmod(0o600)
    (place.media / NAMES[0]).chmod(0o600)
    (place.media / NAMES[1]).unlink()
    (place.media / NAMES[1]).mkdir()
    assert place.folder.find_touched(ctimes) == [NAMES[0], NAMES[2]]
    place.media.rename(place.root / "elsewhere")
    assert place.folder.find_touched(ctimes) == []


def test_odd_names_of_an_image_are_found(place: Place) -> None:
    """Spellings that no probe guesses, by the image's id."""
    odd = f"{NAMES[0][:-4]}.Png"
    put_image(place.root, ONE, odd)
    assert place.folder.find_odd_names(ImageId(NAMES[0][:-4])).spellings == (odd,)
    assert place.folder.find_spellings([NAMES[0]], [odd])


def test_an_image_is_opened_and_read(place: Place) -> None:
    """Its bytes, with the same stamp as in a listing. A replaced file is reported."""
    fill(place)
    name = name_of(ONE)
    opened = place.folder.open_image(name)
    assert opened.stamp == stamp_at(place, name)
    assert (opened.ctime_ns is not None) is place.folder.keeps_ctimes
    assert opened.read_piece(1, 4) == ONE[1:5]
    copy = opened.read_whole()
    assert copy is not None
    assert copy.read() == ONE
    opened.close()
    assert (opened.read_piece(1, 4), opened.read_whole()) == (None, None)
    reading = place.folder.read_image(name)
    assert (reading.copy.read(), reading.is_replaced) == (ONE, False)
    hashed = place.folder.hash_image(name, limit_bytes=len(ONE))
    assert (hashed.sha256, hashed.size_bytes, hashed.changed_while_read) == (copy.sha256, len(ONE), False)
    with pytest.raises(ImageTooLargeError):
        place.folder.hash_image(name, limit_bytes=len(ONE) - 1)
    assert not place.folder.is_evicted(name)


@pytest.mark.parametrize("what", ["link", "pipe", "deep"])
def test_only_regular_files_are_opened(place: Place, what: str) -> None:
    """A link is not followed, and a FIFO does not block. A missing file is a separate answer."""
    (place.media / "link").symlink_to(place.root / "SD_ID")
    (place.media / "deep").mkdir()
    os.mkfifo(place.media / "pipe")
    with pytest.raises(UnreadableFileError):
        place.folder.open_image(what)
    with pytest.raises(FileNotFoundError):
        place.folder.read_image("nothing.png")


def test_a_written_image_is_whole_and_has_its_stamp(place: Place) -> None:
    """From bytes or a stream. The images' folder is created, and nothing else is left there."""
    place.media.rmdir()
    written = place.folder.write_image(name_of(ONE), ONE, SaveMode.NEW, always)
    assert written.stamp == stamp_at(place, name_of(ONE))
    place.folder.write_image(name_of(TWO), io.BytesIO(TWO), SaveMode.NEW, always)
    assert {path.name: path.read_bytes() for path in place.media.iterdir()} == {
        name_of(ONE): ONE,
        name_of(TWO): TWO,
    }
    place.folder.ensure_durable(name_of(ONE))
    with pytest.raises(FileNotFoundError):
        place.folder.ensure_durable(name_of(THREE))


def test_a_written_image_has_the_mtime_that_it_was_given(place: Place) -> None:
    """From the moment it has its name, and its ctime is that of the file if the place keeps them."""
    written = place.folder.write_image(name_of(ONE), ONE, SaveMode.NEW, always, mtime_ns=LONG_AGO_NS)
    assert written.stamp == stamp_at(place, name_of(ONE))
    assert written.stamp.mtime_ns == LONG_AGO_NS
    found = (place.media / name_of(ONE)).lstat()
    if written.ctime_ns is not None:
        assert place.folder.keeps_ctimes
        assert written.ctime_ns == found.st_ctime_ns


def test_several_new_images_are_written_at_once(place: Place) -> None:
    """Each has its own result: its stamp, or the error of a name that is taken or impossible."""
    place.media.rmdir()
    place.folder.write_image("x.png", ONE, SaveMode.NEW, always)
    files = [
        (name_of(ONE), ONE, LONG_AGO_NS),
        ("x.png", TWO, None),
        ("a/b.png", TWO, None),
        (name_of(TWO), TWO, None),
    ]
    one, taken, impossible, two = place.folder.write_new_images(files, lambda _name: True)
    assert isinstance(taken, FileExistsError)
    assert isinstance(impossible, InvalidPathError)
    for result, data in ((one, ONE), (two, TWO)):
        assert isinstance(result, WrittenFile)
        assert result.stamp == stamp_at(place, name_of(data))
    assert isinstance(one, WrittenFile)
    assert one.stamp.mtime_ns == LONG_AGO_NS
    assert {path.name: path.read_bytes() for path in place.media.iterdir()} == {
        "x.png": ONE,
        name_of(ONE): ONE,
        name_of(TWO): TWO,
    }


def test_folders_are_listed_by_name(place: Place) -> None:
    """Only folders, and links to folders. A broken link is none."""
    (place.root / "to").symlink_to(place.media)
    (place.root / "broken").symlink_to(place.root / "nowhere")
    assert set(place.folder.list_folders()) == {"media", "to"}


def test_a_link_in_place_of_the_images_folder_is_refused(place: Place, tmp_path: Path) -> None:
    """Nothing is written through the link."""
    place.media.rmdir()
    (place.root / "elsewhere").mkdir()
    place.media.symlink_to(place.root / "elsewhere")
    with pytest.raises(RefusedError):
        place.folder.write_image("x.png", ONE, SaveMode.NEW, always)
    assert list((place.root / "elsewhere").iterdir()) == []


def test_a_file_is_moved_aside(place: Place, tmp_path: Path) -> None:
    """It leaves the place, unless the caller refuses its bytes, or there is none."""
    put_image(place.root, ONE, "x.png")
    stamp = stamp_at(place, "x.png")
    seen: list[AsideCopy] = []

    def refuse(_: AsideCopy) -> None:
        raise RefusedError("it stays")

    with pytest.raises(RefusedError):
        place.folder.move_aside("x.png", tmp_path, "aside", refuse)
    moved = place.folder.move_aside("x.png", tmp_path, "aside", seen.append)
    assert (moved.stamp, moved.changed_meanwhile, seen) == (stamp, False, [moved])
    assert ((tmp_path / "aside").read_bytes(), place.folder.list_names()) == (ONE, set())
    with pytest.raises(FileNotFoundError):
        place.folder.move_aside("x.png", tmp_path, "again", seen.append)


def test_only_old_leftovers_of_this_machine_are_removed(place: Place) -> None:
    """Another machine's temporaries, which sync brought, stay."""
    ours, theirs = f".~{'a' * 32}.tmp", f".~{'b' * 32}.tmp"
    for name in (ours, theirs):
        (place.media / name).write_bytes(b"half")
    (place.bench.scratch / ours).touch()
    assert place.folder.remove_leftovers(datetime.now(UTC)) == ()
    assert place.folder.remove_leftovers(datetime.now(UTC) + timedelta(days=2)) == (ours,)
    assert [path.name for path in place.media.iterdir()] == [theirs]


def test_the_identity_is_read_and_written(place: Place) -> None:
    """It is written as decided and read back. A missing file is a separate answer."""
    folder, path = place.folder, place.root / "SD_ID"
    path.unlink()
    with pytest.raises(FileNotFoundError):
        folder.read_identity()
    applied = folder.apply_identity(IdentityDecision(IdentityOutcome.EXISTING, A, write=A))
    assert (applied.sd_id, applied.is_as_decided, folder.read_identity()) == (A, True, A)
    sighting = folder.look_at_identity()
    assert sighting.plain is not None
    assert (sighting.plain.value, sighting.errors) == (A, ())
    path.write_text("no identity")
    assert folder.read_identity() is None
    path.write_text(f"{B}\n")
    assert folder.read_identity() == B


def test_a_root_that_is_gone_is_a_look_that_failed(place: Place) -> None:
    """Nothing is concluded from it, and its place is unknown."""
    gone = place.bench.folder_at(str(place.root / "gone"))
    assert gone.look_at_identity().errors
    assert gone.find_place() is None
    assert place.folder.find_place() == (place.root.stat().st_dev, place.root.stat().st_ino)


def test_a_root_is_found_through_links(place: Place, tmp_path: Path) -> None:
    """There is one answer for a folder, one for a file, and one for nothing."""
    (tmp_path / "link").symlink_to(place.root)
    assert place.bench.folder_at(str(tmp_path / "link")).find_real_root() == str(place.root.resolve())
    assert place.bench.folder_at(str(tmp_path / "link" / "gone")).find_likely_root() == str(
        place.root.resolve() / "gone"
    )
    with pytest.raises(NotADirectoryError):
        place.bench.folder_at(str(place.root / "SD_ID")).find_real_root()
    for gone in ("gone", "SD_ID/gone"):
        with pytest.raises(FileNotFoundError):
            place.bench.folder_at(str(place.root / gone)).find_real_root()


def test_the_tree_is_listed_page_by_page(place: Place) -> None:
    """Sorted, each entry once, whatever the page size."""
    fill(place)
    (place.media / "link").symlink_to(NAMES[0])
    everything = ["SD_ID", "media", *(f"media/{name}" for name in NAMES), "media/link"]
    paged: list[str] = []
    after, is_last = "", False
    while not is_last:
        page = place.folder.list_paths(("", "media"), after=after, limit=2)
        assert (page.passed, page.total) == (len(paged), len(everything))
        paged += page.paths
        after, is_last = paged[-1], page.is_last
    assert paged == everything
    assert place.folder.list_paths(("",), after="", limit=9).paths == ["SD_ID", "media"]
    only = place.folder.list_paths(("media",), after="", limit=9, fits=lambda path: path.endswith("link"))
    assert only.paths == ["media/link"]
    kinds = {entry.path: entry.kind for entry in place.folder.look_at((*everything, "media/gone"))}
    assert kinds == dict.fromkeys(everything, "file") | {"media": "folder", "media/link": "symlink"}
    assert set(place.folder.iter_tree()) >= {("", "SD_ID"), ("", "media"), ("media", NAMES[0])}


def test_the_tree_is_described_and_read(place: Place) -> None:
    """Any regular file can be read in part. A link on the way is no folder."""
    name = put_image(place.root, ONE)
    entry = place.folder.describe(f"media/{name}")
    assert (entry.kind, entry.size_bytes, entry.is_here) == ("file", len(ONE), True)
    assert place.folder.read_piece(f"media/{name}", 1, 4) == (ONE[1:5], len(ONE))
    assert place.folder.read_piece(f"media/{name}", len(ONE), 4) == (b"", len(ONE))
    with pytest.raises(FileNotFoundError):
        place.folder.describe("media/nothing")
    (place.root / "link").symlink_to("media")
    with pytest.raises(NotADirectoryError) as raised:
        place.folder.describe(f"link/{name}")
    assert raised.value.filename == "link"


def test_a_read_only_place_is_read_and_refuses_writes(tmp_path: Path, home: Path) -> None:
    """Everything can be read. A save is refused and leaves nothing."""
    with small_disk(tmp_path / "disk", 4096) as disk, open_bench(home) as bench:
        root = make_storage_dir(disk.folder / "sd", ONE)
        with read_only(disk) as refusing:
            folder = bench.folder_at(str(root))
            assert folder.list_names() == {name_of(ONE)}
            assert folder.read_image(name_of(ONE)).copy.read() == ONE

            def write() -> None:
                with pytest.raises(UnwritableFolderError):
                    folder.write_image(name_of(TWO), TWO, SaveMode.NEW, always)

            refusing.call(write)
            assert folder.list_names() == {name_of(ONE)}
