"""What every place promises of a folder of named pictures: the same port, with names that have folders in them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.storage import make_pictures
from contracts.folders.conftest import Place
from strandline.errors import InvalidPathError, RefusedError, UnreadableFileError
from strandline.folders.media_folder import MAX_DEPTH
from strandline.folders.port import NO_ODD_NAMES, WHOLE_TREE, Folder, SaveMode
from strandline.folders.saving import WrittenFile
from strandline.model.image_files import FileStamp
from strandline.model.image_ids import hash_to_content_id
from strandline.model.listing import OddKind
from strandline.model.picture_places import MAX_SETTINGS_BYTES
from strandline.model.storage_dirs import LayoutKind

ONE, TWO, THREE = make_pictures(3)
FILES = {"a b.png": ONE, "Study/Pasted image 1.png": TWO, "Study/deep/x:1.JPG": THREE}


@pytest.fixture
def folder(place: Place) -> Folder:
    """A vault with three pictures, notes, and what other programs keep."""
    root = place.root
    for path, data in FILES.items():
        put(root, path, data)
    for path in (
        ".git/x.png",
        ".obsidian/y.png",
        "Study/.trash/z.png",
        "node_modules/i.png",
        "Study/.hidden.png",
    ):
        put(root, path, ONE)
    put(root, "Study/note.md", b"![[x.png]]")
    return place.bench.folder_at(str(root), LayoutKind.NAMED)


def put(root: Path, path: str, data: bytes) -> None:
    """Another program writes a file."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(data)


def stamp_at(folder: Folder, path: str) -> FileStamp:
    """The system's stamp of the file, by the place's inode rule."""
    seen = Path(folder.root, path).stat()
    return FileStamp(seen.st_size, seen.st_mtime_ns, seen.st_ino if folder.keeps_inodes else 0)


def test_all_pictures_in_the_tree_are_listed(folder: Folder) -> None:
    """By their paths, without passed-over folders. A link, even to a folder, is not followed."""
    root = Path(folder.root)
    (root / "link.png").symlink_to("a b.png")
    (root / "linked").symlink_to("Study")
    (root / "folder.png").mkdir()
    for comparing in (True, False):
        listing = folder.list_images(comparing=comparing)
        pictures = {line for line in listing.lines if folder.layout.split(line.rsplit(":", 3)[0])}
        assert pictures == {f"{path}:{stamp_at(folder, path).as_text()}" for path in FILES}
        odd = {entry.name: entry.kind for entry in listing.odd}
        assert odd == {"link.png": OddKind.SYMLINK, "folder.png": OddKind.FOLDER}
        assert listing.refused == []
    names = folder.list_names()
    assert names >= {*FILES, "Study", "linked", "Study/note.md"}
    assert not any(".git/" in name or "linked/" in name for name in names)


def test_a_root_that_is_gone_is_told_apart(folder: Folder, place: Place) -> None:
    """It is no empty folder."""
    place.root.rename(place.root.parent / "elsewhere")
    assert not folder.has_images_folder()
    with pytest.raises(FileNotFoundError):
        folder.list_images(comparing=True)
    with pytest.raises(OSError, match="No such file"):
        folder.look_at_anchors()
    asked = ["Study/deep/x:1.JPG", "linked/Pasted image 1.png", "a b.png/x.png", "gone/x.png"]
    asked += ["a b.png", "../a b.png"]


def test_names_are_probed_and_looked_at_again(folder: Folder) -> None:
    """In the order given. What is not there, or only through a link, is not there."""
    root = Path(folder.root)
    (root / "linked").symlink_to("Study")
    asked = [
        "Study/deep/x:1.JPG",
        "linked/Pasted image 1.png",
        "a b.png/x.png",
        "gone/x.png",
        "a b.png",
        "../a b.png",
    ]
    there = ["Study/deep/x:1.JPG", "a b.png"]
    assert folder.probe(asked) == [(path, stamp_at(folder, path)) for path in there]
    again = folder.look_again(asked)
    assert again == {path: stamp_at(folder, path) if path in there else None for path in asked}
    assert folder.find_unreadable(asked) == []
    assert {entry.path for entry in folder.look_at(asked)} == set(there)


def test_a_picture_is_opened_and_read(folder: Folder) -> None:
    """With the stamp of the listing, from any depth."""
    for path, data in FILES.items():
        opened = folder.open_image(path)
        assert opened.stamp == stamp_at(folder, path)
        copy = opened.read_whole()
        assert copy is not None
        assert copy.read() == data
        opened.close()
        assert folder.read_image(path).copy.sha256.startswith(hash_to_content_id(data))
        assert folder.hash_image(path, limit_bytes=10**6).size_bytes == len(data)
        assert folder.read_piece(path, 0, 10**6) == (data, len(data))


@pytest.mark.parametrize("part", ["Study", "Study/deep"])
def test_no_link_on_the_way_is_followed(folder: Folder, part: str) -> None:
    """Whatever it leads to, and even if it leads to the same files."""
    root = Path(folder.root)
    outside = root.parent / "outside"
    (root / part).rename(outside)
    (root / part).symlink_to(outside)
    with pytest.raises(FileNotFoundError):
        folder.open_image("Study/deep/x:1.JPG")
    with pytest.raises(FileNotFoundError):
        folder.read_image("Study/deep/x:1.JPG")
    assert folder.probe(["Study/deep/x:1.JPG"]) == []
    listed = {line.rsplit(":", 3)[0] for line in folder.list_images(comparing=True).lines}
    assert "Study/deep/x:1.JPG" not in listed


@pytest.mark.parametrize("what", ["Study/link.png", "Study/pipe.png", "Study/deep"])
def test_only_regular_files_are_opened(folder: Folder, what: str) -> None:
    """A FIFO does not block."""
    root = Path(folder.root)
    (root / "Study/link.png").symlink_to("Pasted image 1.png")
    os.mkfifo(root / "Study/pipe.png")
    with pytest.raises(UnreadableFileError):
        folder.open_image(what)


def test_a_tree_that_is_too_deep_is_told(folder: Folder) -> None:
    """The rest is listed."""
    deep = Path(folder.root)
    for _ in range(MAX_DEPTH + 5):
        deep /= "d"
        deep.mkdir()
    (deep / "x.png").write_bytes(ONE)
    listing = folder.list_images(comparing=True)
    (refused,) = listing.refused
    assert refused.count("/") == MAX_DEPTH
    assert listing.is_refused(f"{refused}/d/x.png")
    assert len([line for line in listing.lines if line.startswith(tuple(FILES))]) == len(FILES)


def test_names_say_nothing_of_ids(folder: Folder) -> None:
    """Nothing is looked for by an id."""
    image_id = hash_to_content_id(ONE)
    assert folder.find_odd_names(image_id) == NO_ODD_NAMES
    assert folder.find_changed_ns() is None
    assert folder.probe(folder.layout.candidates(image_id)) == []


def test_the_whole_tree_is_paged(folder: Folder) -> None:
    """In order, with folders and notes, without what is passed over inside."""
    paths = folder.list_paths((WHOLE_TREE,), after="", limit=100).paths
    assert paths == sorted(paths)
    assert {*FILES, "Study", "Study/note.md", ".git"} <= set(paths)
    assert not any(path.startswith((".git/", ".obsidian/")) for path in paths)
    first = folder.list_paths((WHOLE_TREE,), after="", limit=3)
    rest = folder.list_paths((WHOLE_TREE,), after=first.paths[-1], limit=100)
    assert first.paths + rest.paths == paths


def test_the_layout_is_looked_at(folder: Folder) -> None:
    """By names alone, and by what a file says."""
    root = Path(folder.root)
    look = folder.look_at_layout()
    assert (look.identity_name, look.says, look.is_known) == ("SD_ID", None, True)
    (root / "SD_ID").unlink()
    (root / "SD_LAYOUT").write_text("named\n")
    look = folder.look_at_layout()
    assert (look.identity_name, look.says, look.id_name) == (None, LayoutKind.NAMED, None)
    put(root, f"media/{hash_to_content_id(ONE)}.png", ONE)
    assert folder.look_at_layout().id_name is not None


def test_a_root_has_anchors(folder: Folder) -> None:
    """The same at each look. A new folder at the path has another place."""
    root = Path(folder.root)
    look = folder.look_at_anchors()
    assert look == folder.look_at_anchors()
    assert look.anchors.names == {".git", ".obsidian"}
    root.rename(root.parent / "before")
    root.mkdir()
    assert folder.look_at_anchors().anchors.place != look.anchors.place or not folder.keeps_inodes
    assert folder.look_at_anchors().anchors.names == frozenset()


def never() -> bool:
    """Nothing may be replaced."""
    return False


def test_a_picture_is_written_anywhere(folder: Folder, place: Place) -> None:
    """With the folders on its way. It is whole and has its stamp, and nothing else is left."""
    before = set(folder.list_names())
    for name, data in (("x.png", ONE), ("Study/y.png", TWO), ("new/deep/er/z.png", THREE)):
        written = folder.write_image(name, data, SaveMode.NEW, never, mtime_ns=10**18)
        assert written.stamp == stamp_at(folder, name)
        assert written.stamp.mtime_ns == 10**18
        assert Path(folder.root, name).read_bytes() == data
        folder.ensure_durable(name)
    assert set(folder.list_names()) - before == {
        "x.png", "Study/y.png", "new", "new/deep", "new/deep/er", "new/deep/er/z.png",
    }  # fmt: skip
    assert list(place.bench.scratch.iterdir()) == []


@pytest.mark.parametrize("name", ["a b.png", "Study/deep", "Study/deep/x:1.JPG", "broken"])
def test_a_taken_name_is_kept(folder: Folder, name: str) -> None:
    """Whatever has it."""
    Path(folder.root, "broken").symlink_to("nowhere")
    before = folder.describe(name)
    with pytest.raises(FileExistsError):
        folder.write_image(name, ONE + b"other", SaveMode.NEW, never)
    (result,) = folder.write_new_images([(name, ONE + b"other", None)], lambda _: False)
    assert isinstance(result, FileExistsError)
    assert folder.describe(name) == before


@pytest.mark.parametrize(
    "name", ["link/x.png", "Study/link/x.png", "a b.png/x.png", "Study/note.md/deep/x.png"]
)
def test_nothing_is_written_through_a_link_or_a_file(folder: Folder, name: str) -> None:
    """Not even a folder is made behind it."""
    outside = Path(folder.root).parent / "outside"
    outside.mkdir()
    Path(folder.root, "link").symlink_to(outside)
    Path(folder.root, "Study/link").symlink_to(outside)
    with pytest.raises(RefusedError):
        folder.write_image(name, ONE, SaveMode.NEW, never)
    with pytest.raises(RefusedError):
        folder.write_new_images([(name, ONE, None)], lambda _: False)
    with pytest.raises((RefusedError, FileNotFoundError)):
        folder.ensure_durable(name)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("name", ["../x.png", "Study/../../x.png", "/x.png", "Study//x.png", "./x.png"])
def test_a_path_that_is_not_plain_leads_nowhere(folder: Folder, name: str) -> None:
    """Nothing is written, neither outside nor inside."""
    before = sorted(Path(folder.root).parent.rglob("*"))
    with pytest.raises(InvalidPathError):
        folder.write_image(name, ONE, SaveMode.NEW, never)
    assert sorted(Path(folder.root).parent.rglob("*")) == before


def test_several_pictures_are_written_in_several_folders(folder: Folder) -> None:
    """The results are in the order of the pictures."""
    files = [
        ("new/a.png", ONE, 10**18),
        ("b.png", TWO, None),
        ("new/a.png", THREE, None),
        ("a b.png", THREE, None),
        ("Study/c.png", THREE, None),
    ]
    one, two, again, taken, three = folder.write_new_images(files, lambda _: False)
    assert isinstance(again, FileExistsError)
    assert isinstance(taken, FileExistsError)
    for result, (name, data, _) in zip((one, two, three), (files[0], files[1], files[4]), strict=True):
        assert isinstance(result, WrittenFile)
        assert result.stamp == stamp_at(folder, name)
        assert Path(folder.root, name).read_bytes() == data


def test_old_leftovers_are_removed_from_any_folder(folder: Folder, place: Place) -> None:
    """If a note of this machine says where they are."""
    ours, theirs = f".~{'a' * 32}.tmp", f".~{'b' * 32}.tmp"
    for name in (ours, theirs):
        put(place.root, f"Study/deep/{name}", b"half")
    (place.bench.scratch / ours).write_text("Study/deep")
    now = datetime.now(UTC)
    assert folder.remove_leftovers(now) == ()
    assert folder.remove_leftovers(now + timedelta(days=2)) == (f"Study/deep/{ours}",)
    assert sorted(path.name for path in (place.root / "Study/deep").iterdir()) == [theirs, "x:1.JPG"]


def test_the_places_of_pictures_are_looked_at(folder: Folder) -> None:
    """Names and settings, none through a link, and no settings that are too long."""
    root = Path(folder.root)
    put(root, ".obsidian/app.json", b"{}")
    put(root, "logseq/config.edn", b"")
    (root / "assets").symlink_to("Study")
    look = folder.look_at_places()
    assert look.there == {".obsidian", "logseq/config.edn", "media"}
    assert look.settings == {".obsidian/app.json": b"{}"}
    put(root, ".obsidian/app.json", b" " * (MAX_SETTINGS_BYTES + 1))
    assert folder.look_at_places().settings == {}
    (root / ".obsidian").rename(root / "elsewhere")
    (root / ".obsidian").symlink_to("elsewhere")
    assert folder.look_at_places().there == {"logseq/config.edn", "media"}


def test_a_folder_is_spelled_as_the_disk_does(folder: Folder) -> None:
    """In any letter case and Unicode form. What is not there stays as it is."""
    root = Path(folder.root)
    (root / "Ku\u0308che/Bilder").mkdir(parents=True)
    (root / "link").symlink_to("Study")
    for asked, spelled in {
        "": "",
        "Study": "Study",
        "study/DEEP": "Study/deep",
        "study/new/er": "Study/new/er",
        "K\u00dcCHE/bilder": "Ku\u0308che/Bilder",
        "nowhere": "nowhere",
    }.items():
        assert folder.spell_folder(asked) == spelled
    for asked in ("link", "link/x", "a b.png", "Study/note.md/x"):
        with pytest.raises(NotADirectoryError):
            folder.spell_folder(asked)


def test_every_file_is_found_for_a_search(folder: Folder) -> None:
    """Also hidden ones, and those that programs keep for themselves. No link is followed."""
    root = Path(folder.root)
    sizes = {
        path.relative_to(root).as_posix(): path.stat().st_size for path in root.rglob("*") if path.is_file()
    }
    assert {".git/x.png", "Study/.hidden.png", "Study/note.md"} <= sizes.keys()
    (root / "link").symlink_to("Study")
    (root / "link.png").symlink_to("a b.png")
    refused: list[str] = []
    found = [file for piece in folder.iter_files(refused) for file in piece]
    assert {file.path: file.size_bytes for file in found} == sizes
    assert (len(found), refused, all(file.is_here for file in found)) == (len(sizes), [], True)
    root.rename(root.with_name("gone"))
    with pytest.raises(FileNotFoundError):
        list(folder.iter_files(refused))
