"""What every place of a storage directory promises, also one without folders, links, and times: the contract of
``folders/port.py``.
"""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path

import pytest

from builders.identities import B, C
from builders.storage import make_pictures, name_of
from contracts.folders.conftest import AnyPlace
from strandline.errors import ImageTooLargeError, InvalidPathError, UnreadableFileError
from strandline.folders.port import SaveMode
from strandline.folders.saving import WrittenFile
from strandline.model.identity.decisions import IdentityDecision, IdentityOutcome
from strandline.model.identity.sightings import MediaFolder
from strandline.model.image_ids import ImageId
from strandline.model.listing import OddKind
from strandline.model.name_ranges import NameRange, split_at
from strandline.model.storage_dirs import LayoutKind

PICTURES = make_pictures(3)
ONE, TWO, THREE = PICTURES
NAMES = sorted(map(name_of, PICTURES))


def always() -> bool:
    """Any existing entry may be replaced."""
    return True


def fill(place: AnyPlace) -> None:
    """Another program writes three pictures."""
    for data in PICTURES:
        place.put(f"media/{name_of(data)}", data)


def test_everything_in_the_images_folder_is_listed(any_place: AnyPlace) -> None:
    """Files as lines with their stamps, which a probe finds, too. A folder is an odd entry and is not entered."""
    fill(any_place)
    any_place.put(f"media/deep/{NAMES[0]}", ONE)
    any_place.put("media-else/x.png", ONE)
    stamps = dict(any_place.folder.probe(NAMES))
    for comparing in (True, False):
        listing = any_place.folder.list_images(comparing=comparing)
        assert sorted(listing.lines) == [f"{name}:{stamps[name].as_text()}" for name in NAMES]
        assert {entry.name: entry.kind for entry in listing.odd} == {"deep": OddKind.FOLDER}
        assert listing.total_bytes == sum(map(len, PICTURES))
    assert any_place.folder.list_names() == {*NAMES, "deep"}
    assert any_place.folder.has_images_folder()


def test_a_stamp_is_that_of_the_bytes(any_place: AnyPlace) -> None:
    """Other bytes of the same length have another one, and each way to look gives the same."""
    name = name_of(ONE)
    any_place.put(f"media/{name}", b"a" * 100)
    ((_, before),) = any_place.folder.probe([name])
    any_place.remove(f"media/{name}")
    any_place.put(f"media/{name}", b"b" * 100)
    opened = any_place.folder.open_image(name)
    assert opened.stamp != before
    assert opened.stamp.size_bytes == 100
    reading = any_place.folder.read_image(name)
    assert reading.copy.stamp == opened.stamp == any_place.folder.look_again([name])[name]
    opened.close()


def test_names_are_probed_in_the_order_given(any_place: AnyPlace) -> None:
    """Those that are there, and nothing about the others."""
    fill(any_place)
    asked = [NAMES[2], "nothing.png", "deep/../x.png", NAMES[0]]
    assert [name for name, _ in any_place.folder.probe(asked)] == [NAMES[2], NAMES[0]]
    assert any_place.folder.find_unreadable([*NAMES, "nothing.png"]) == []


def test_a_second_look_tells_what_is_gone(any_place: AnyPlace) -> None:
    """Each name has its stamp, or None if it is there no longer."""
    fill(any_place)
    stamps = dict(any_place.folder.probe(NAMES))
    any_place.remove(f"media/{NAMES[1]}")
    assert any_place.folder.look_again(NAMES) == {**stamps, NAMES[1]: None}


def test_odd_names_of_an_image_are_found(any_place: AnyPlace) -> None:
    """Spellings that no probe guesses, and conflict copies, by the image's id."""
    stem = NAMES[0][:-4]
    any_place.put(f"media/{stem}.Png", ONE)
    any_place.put(f"media/{stem} (conflicted copy 2026-01-01).png", TWO)
    odd = any_place.folder.find_odd_names(ImageId(stem))
    assert odd.spellings == (f"{stem}.Png",)
    assert odd.conflict_copies == (f"{stem} (conflicted copy 2026-01-01).png",)


@pytest.mark.parametrize("size_bytes", [1, 1000, 9 * 1024 * 1024])
def test_an_image_is_opened_and_read(any_place: AnyPlace, size_bytes: int) -> None:
    """All of it, and any part of it, from the version that was opened. A closed one gives nothing."""
    data = bytes(number % 251 for number in range(1000)) * (size_bytes // 1000) or b"x"
    any_place.put("media/x.png", data)
    folder = any_place.folder
    opened = folder.open_image("x.png")
    assert opened.read_piece(len(data) - 1, 4) == data[-1:]
    assert opened.read_piece(0, 4) == data[:4]
    copy = opened.read_whole()
    assert copy is not None
    assert copy.read() == data
    opened.close()
    assert (opened.read_piece(0, 4), opened.read_whole()) == (None, None)
    reading = folder.read_image("x.png")
    assert (reading.copy.read(), reading.is_replaced, reading.copy.changed_while_read) == (data, False, False)
    hashed = folder.hash_image("x.png", limit_bytes=len(data))
    assert (hashed.sha256, hashed.size_bytes, hashed.changed_while_read) == (copy.sha256, len(data), False)
    with pytest.raises(ImageTooLargeError):
        folder.hash_image("x.png", limit_bytes=len(data) - 1)
    assert not folder.is_evicted("x.png")


def test_an_image_that_is_replaced_gives_no_mixture(any_place: AnyPlace) -> None:
    """What was opened gives its own bytes, or none."""
    any_place.put("media/x.png", ONE)
    opened = any_place.folder.open_image("x.png")
    any_place.remove("media/x.png")
    any_place.put("media/x.png", TWO)
    assert opened.read_piece(0, 10**6) in (ONE, None)
    copy = opened.read_whole()
    assert copy is None or copy.read() == ONE
    opened.close()
    any_place.remove("media/x.png")
    with pytest.raises(FileNotFoundError):
        any_place.folder.open_image("x.png")
    with pytest.raises(FileNotFoundError):
        any_place.folder.read_image("x.png")
    with pytest.raises(FileNotFoundError):
        any_place.folder.hash_image("x.png", limit_bytes=10)


def test_a_written_image_is_whole_and_has_its_stamp(any_place: AnyPlace) -> None:
    """From bytes or a stream, and nothing else is left."""
    written = any_place.folder.write_image(name_of(ONE), ONE, SaveMode.NEW, always, mtime_ns=10**18)
    any_place.folder.write_image(name_of(TWO), io.BytesIO(TWO), SaveMode.NEW, always)
    assert dict(any_place.folder.probe([name_of(ONE)])) == {name_of(ONE): written.stamp}
    assert any_place.get(f"media/{name_of(ONE)}") == ONE
    assert any_place.get(f"media/{name_of(TWO)}") == TWO
    assert any_place.folder.list_names() == {name_of(ONE), name_of(TWO)}
    any_place.folder.ensure_durable(name_of(ONE))
    with pytest.raises(FileNotFoundError):
        any_place.folder.ensure_durable(name_of(THREE))
    assert any_place.folder.remove_leftovers(any_place.bench.now()) == ()


def test_a_name_that_is_taken_is_kept(any_place: AnyPlace) -> None:
    """A new image never replaces. A replacement asks first, and is whole."""
    any_place.put("media/x.png", ONE)
    folder = any_place.folder
    with pytest.raises(FileExistsError):
        folder.write_image("x.png", TWO, SaveMode.NEW, always)
    with pytest.raises(FileExistsError):
        folder.write_image("x.png", TWO, SaveMode.REPLACE, lambda: False)
    assert any_place.get("media/x.png") == ONE
    written = folder.write_image("x.png", TWO, SaveMode.REPLACE, always)
    assert any_place.get("media/x.png") == TWO
    assert dict(folder.probe(["x.png"])) == {"x.png": written.stamp}


def test_several_new_images_are_written_at_once(any_place: AnyPlace) -> None:
    """Each has its own result: its stamp, or the error of a name that is taken."""
    any_place.put("media/x.png", ONE)
    files = [(name_of(ONE), ONE, 10**18), ("x.png", TWO, None), (name_of(TWO), TWO, None)]
    one, taken, two = any_place.folder.write_new_images(files, lambda _name: True)
    assert isinstance(taken, FileExistsError)
    for result, data in ((one, ONE), (two, TWO)):
        assert isinstance(result, WrittenFile)
        assert dict(any_place.folder.probe([name_of(data)])) == {name_of(data): result.stamp}
        assert any_place.get(f"media/{name_of(data)}") == data
    assert any_place.get("media/x.png") == ONE


def test_a_file_is_put_aside(any_place: AnyPlace, tmp_path: Path) -> None:
    """A durable copy in the home, or on the shelf of the place; the file stays."""
    any_place.put("media/x.png", ONE)
    shelf = any_place.folder.open_shelf()
    if shelf is None:
        copied = any_place.folder.put_aside("x.png", tmp_path, "aside")
        kept = (tmp_path / "aside").read_bytes()
        with pytest.raises(FileNotFoundError):
            any_place.folder.put_aside("nothing.png", tmp_path, "none")
    else:
        copied = shelf.take_copy("media/x.png", "entry")
        with shelf.read("entry", "x.png") as copy:
            kept = copy.read()
        with pytest.raises(FileNotFoundError):
            shelf.take_copy("media/nothing.png", "none")
    stamp = dict(any_place.folder.probe(["x.png"]))["x.png"]
    assert (copied.stamp, copied.sha256, copied.changed_meanwhile) == (stamp, sha256(ONE).hexdigest(), False)
    assert kept == any_place.get("media/x.png") == ONE


def test_the_identity_is_read_and_written(any_place: AnyPlace) -> None:
    """It is written as decided and read back. A missing file is a separate answer."""
    folder = any_place.folder
    any_place.remove("SD_ID")
    with pytest.raises(FileNotFoundError):
        folder.read_identity()
    assert folder.look_at_identity().is_without_any
    decision = IdentityDecision(IdentityOutcome.GENERATED, B, write=B)
    applied = folder.apply_identity(decision)
    assert (applied.sd_id, applied.is_as_decided, folder.read_identity()) == (B, True, B)
    assert any_place.get("SD_ID") == f"{B}\n".encode()
    other = IdentityDecision(IdentityOutcome.GENERATED, C, write=C)
    assert not folder.apply_identity(other).is_as_decided  # somebody was faster
    assert folder.read_identity() == B
    replaced = IdentityDecision(
        IdentityOutcome.GENERATED, C, write=C, may_replace=True, replaces=B, keep_before_write=(B,)
    )
    assert folder.apply_identity(replaced).is_as_decided
    sighting = folder.look_at_identity()
    assert sighting.plain is not None
    assert (sighting.plain.value, sighting.former_values, sighting.errors) == (C, frozenset({B}), ())
    any_place.put("SD_ID", b"no identity")
    assert folder.read_identity() is None
    any_place.put("SD_ID", b"x" * 10_000)
    assert folder.read_identity() is None


def test_what_media_contains_is_told(any_place: AnyPlace) -> None:
    """Whether anything is there decides if a new identity may be made."""
    assert any_place.folder.look_at_identity().media in (MediaFolder.EMPTY, MediaFolder.ABSENT)
    any_place.put("media/.DS_Store", b"x")
    assert any_place.folder.look_at_identity().media in (MediaFolder.EMPTY, MediaFolder.ABSENT)
    fill(any_place)
    assert any_place.folder.look_at_identity().media is MediaFolder.FILLED


def test_the_tree_is_listed_page_by_page(any_place: AnyPlace) -> None:
    """Sorted, each entry once, whatever the page size."""
    fill(any_place)
    folder = any_place.folder
    everything = ["SD_ID", "media", *(f"media/{name}" for name in NAMES)]
    paged: list[str] = []
    after, is_last = "", False
    while not is_last:
        page = folder.list_paths(("", "media"), after=after, limit=2)
        assert (page.passed, page.total) == (len(paged), len(everything))
        paged += page.paths
        after, is_last = paged[-1], page.is_last
    assert paged == everything
    assert folder.list_paths(("",), after="", limit=9).paths == ["SD_ID", "media"]
    kinds = {entry.path: entry.kind for entry in folder.look_at((*everything, "media/gone"))}
    assert kinds == dict.fromkeys(everything, "file") | {"media": "folder"}
    assert set(folder.iter_tree()) >= {("", "SD_ID"), ("", "media"), ("media", NAMES[0])}
    assert folder.list_folders() == ["media"]
    refused: list[str] = []
    found = {file.path: file.size_bytes for piece in folder.iter_files(refused) for file in piece}
    assert found == {"SD_ID": 37} | {f"media/{name_of(data)}": len(data) for data in PICTURES}


def test_the_tree_is_described_and_read(any_place: AnyPlace) -> None:
    """Any file can be read in part. What does not exist, and what is no folder, are two answers."""
    any_place.put("media/x.png", ONE)
    folder = any_place.folder
    entry = folder.describe("media/x.png")
    assert (entry.kind, entry.size_bytes, entry.is_here) == ("file", len(ONE), True)
    assert folder.describe("media").kind == "folder"
    assert folder.read_piece("media/x.png", 1, 4) == (ONE[1:5], len(ONE))
    assert folder.read_piece("media/x.png", len(ONE), 4) == (b"", len(ONE))
    with pytest.raises(FileNotFoundError) as missing:
        folder.describe("media/no/thing")
    assert missing.value.filename == "media/no"
    with pytest.raises(NotADirectoryError) as no_folder:
        folder.describe("SD_ID/x")
    assert no_folder.value.filename == "SD_ID"
    with pytest.raises(UnreadableFileError):
        folder.read_piece("media", 0, 4)


def test_a_place_that_can_be_written_to_says_so(any_place: AnyPlace) -> None:
    """None of its folders is reported, and its root is known."""
    folder = any_place.folder
    assert (folder.find_unwritable(), folder.find_unlistable()) == (None, None)
    assert folder.find_real_root() == folder.find_likely_root() == folder.root == any_place.root
    assert folder.spell_root() == folder.root
    assert folder.where("x.png") == f"{any_place.root}/media/x.png"


def test_all_pictures_in_the_tree_are_listed(any_place: AnyPlace) -> None:
    """By their paths, without folders that are passed over."""
    files = {"a b.png": ONE, "Study/Pasted image 1.png": TWO, "Study/deep/x:1.JPG": THREE}
    passed_over = (".git/x.png", "Study/.trash/z.png", "node_modules/i.png", "Study/.hidden.png")
    for path, data in {**files, **dict.fromkeys(passed_over, ONE), "Study/note.md": b"![[x.png]]"}.items():
        any_place.put(path, data)
    folder = any_place.named
    stamps = dict(folder.probe(files))
    for comparing in (True, False):
        lines = folder.list_images(comparing=comparing).lines
        pictures = {line for line in lines if folder.layout.split(line.rsplit(":", 3)[0])}
        assert pictures == {f"{path}:{stamps[path].as_text()}" for path in files}
    assert folder.list_names() >= {*files, "Study", "Study/note.md"}
    for path, data in files.items():
        assert folder.read_image(path).copy.read() == data
    assert set(folder.list_folders_in("Study")) == {"deep"}
    with pytest.raises(FileNotFoundError):
        folder.list_folders_in("nowhere")
    look = folder.look_at_layout()
    assert (look.identity_name, look.says, look.is_known) == ("SD_ID", None, True)
    folder.write_layout(LayoutKind.NAMED)
    assert folder.look_at_layout().says is LayoutKind.NAMED
    assert folder.look_at_anchors() == folder.look_at_anchors()


@pytest.mark.parametrize("name", ["../x.png", "Study/../../x.png", "/x.png", "Study//x.png", "./x.png"])
def test_a_path_that_is_not_plain_leads_nowhere(any_place: AnyPlace, name: str) -> None:
    """Nothing is written, neither outside nor inside."""
    with pytest.raises(InvalidPathError):
        any_place.named.write_image(name, ONE, SaveMode.NEW, always)
    assert {path for path in any_place.named.list_names() if path.endswith("png")} == set()


def test_a_picture_is_written_anywhere(any_place: AnyPlace) -> None:
    """It is whole and has its stamp."""
    for name, data in (("x.png", ONE), ("Study/y.png", TWO), ("new/deep/er/z ü.png", THREE)):
        written = any_place.named.write_image(name, data, SaveMode.NEW, lambda: False)
        assert dict(any_place.named.probe([name])) == {name: written.stamp}
        assert any_place.get(name) == data


def test_a_range_of_names_is_listed(any_place: AnyPlace) -> None:
    """All ranges together are the whole listing. One that is too long ends early, and says where."""
    fill(any_place)
    any_place.put("media/notes.txt", b"no image")
    folder = any_place.folder
    folder.find_guarantees()
    assert folder.can_list_some == (any_place.kind == "bucket")
    whole = sorted(folder.list_images(comparing=False).lines)
    cuts = ["4", "8", NAMES[1], "c"]
    parts = [folder.list_some(names, limit=100) for names in split_at(sorted(cuts))]
    assert [line for part in parts for line in part.lines] == whole
    assert [part.last for part in parts] == [None] * 5
    some = folder.list_some(NameRange("", NAMES[2]), limit=2)
    assert (list(some.lines), some.last) == (whole[:2], NAMES[1])
    rest = folder.list_some(NameRange(NAMES[1], ""), limit=2)
    assert (list(rest.lines), rest.last) == (whole[2:], None)
