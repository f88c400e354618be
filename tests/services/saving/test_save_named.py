"""Saving in a folder of named pictures: once, where the person's program would put it, and never over anything."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.machine import LEGACY_ID
from builders.named_vault import find_row, list_events, list_files, make_named_vault, put
from builders.pictures import make_picture
from builders.snapshots import snapshot
from builders.storage import id_of, make_pictures, make_storage_dir, name_of
from fault_kit.refusing_kernel import LIKE_FUSE, NO_LINKS, call_refused
from strandline.errors import (
    DiskError,
    ImageIdMismatchError,
    ReadOnlyStorageDirError,
    RefusedError,
    StorageDirOfflineError,
    WrongBytesError,
)
from strandline.model.events import ImageAvailable
from strandline.model.image_files import FileState, ProofKind
from strandline.model.reports import Saved
from strandline.model.storage_dirs import StorageDir
from strandline.services.finding.search import find_image
from strandline.services.proving.arrivals import Arrival, look_at_arrival
from strandline.services.saving.adopt import adopt_image
from strandline.services.saving.copy import copy_image
from strandline.services.saving.intake import NewImage
from strandline.services.saving.save import save_image
from strandline.services.saving.save_several import save_several
from strandline.services.saving.take_in import list_pictures_elsewhere, take_in
from strandline.services.saving.tidy import remove_leftovers
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Workbench

ONE, TWO, THREE, FOUR = make_pictures(4)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault of Obsidian, with one of the pictures."""
    return make_named_vault(tmp_path / "Vault", ONE)


@pytest.fixture
def sd(bench: Workbench, vault: Path) -> StorageDir:
    """The vault, added."""
    return add_storage_dir(bench, vault).sd


def test_a_picture_goes_where_its_program_puts_it(bench: Workbench, sd: StorageDir, vault: Path) -> None:
    """Under its own name, in a folder that is made for it. Its row, its event, and its Markdown are right at once."""
    before = list_files(vault)
    saved = save_image(bench, TWO, sd, name="Über uns.PNG")
    assert saved == Saved(
        id_of(TWO), "Files/Über uns.png", "image/png", len(TWO), True,
        "![Über uns](Files/%C3%9Cber%20uns.png)", "Über uns.PNG", True,
    )  # fmt: skip
    assert list_files(vault) == before | {saved.path: TWO}
    row = find_row(bench, sd, saved.path)
    assert (row.state, row.image_id, row.proof_kind, row.is_whole) == (
        FileState.PRESENT,
        id_of(TWO),
        ProofKind.STRUCTURE,
        True,
    )
    event = list_events(bench)[-1]
    assert isinstance(event, ImageAvailable)
    assert (event.saved, event.path, event.image_id) == (True, saved.path, id_of(TWO))
    assert look_at_arrival(bench, sd, saved.path) is Arrival.KNOWN
    report = scan_storage_dir(bench, sd)
    assert (report.unchanged, report.found_changes) == (3, False)
    assert list_events(bench)[-1] == event


@pytest.mark.parametrize(("kind", "is_told"), [("heic", True), ("avif", False), ("png", False)])
def test_what_obsidian_does_not_show_is_saved_with_a_warning(
    bench: Workbench, sd: StorageDir, vault: Path, kind: str, is_told: bool
) -> None:
    """Also the second time. In a folder of no program, nobody knows who shows the notes."""
    said = "Obsidian shows no HEIC without a plug-in; to see it in a note, save it as JPEG or PNG"
    data = make_picture(kind, seed=1)
    for is_new in (True, False):
        saved = save_image(bench, data, sd, name=f"x.{kind}")
        assert (saved.new, saved.warning) == (is_new, said if is_told else None)
    (vault.with_name("Plain")).mkdir()
    (vault.with_name("Plain") / "Note.md").write_text("")
    plain = add_storage_dir(bench, vault.with_name("Plain")).sd
    assert save_image(bench, data, plain, name=f"x.{kind}").warning is None


def test_the_same_bytes_are_saved_once(
    bench: Workbench, sd: StorageDir, vault: Path, clock: FakeClock
) -> None:
    """Wherever they are in the folder, and under whichever name. Nothing is written then."""
    clock.pass_time(minutes=1)
    first = save_image(bench, TWO, sd, name="a.png")
    before, told = snapshot(vault), len(list_events(bench))
    for data, path in ((TWO, first.path), (ONE, "Study/graph.png")):
        again = save_image(bench, data, sd, name="b.png")
        assert (again.new, again.path, again.image_id) == (False, path, id_of(data))
    assert snapshot(vault) == before
    assert len(list_events(bench)) == told


def test_a_file_that_nobody_has_read_is_read_first(bench: Workbench, vault: Path) -> None:
    """It may have the same bytes. So may one that the catalog believes to have others."""
    sd = add_storage_dir(bench, vault, prove_all=False).sd
    assert save_image(bench, ONE, sd, name="x.png").path == "Study/graph.png"
    put(vault, "Study/graph.png", TWO)
    saved = save_image(bench, ONE, sd, name="x.png")
    assert (saved.new, saved.path) == (True, "Files/x.png")
    assert save_image(bench, TWO, sd).path == "Study/graph.png"


def test_a_source_in_the_folder_is_there_already(bench: Workbench, sd: StorageDir, vault: Path) -> None:
    """Although no scan has found it. A hidden one is copied out of its folder."""
    put(vault, "Study/new.png", TWO)
    saved = save_image(bench, vault / "Study/new.png", sd)
    assert (saved.new, saved.path) == (False, "Study/new.png")
    put(vault, ".trash/old.png", THREE)
    saved = save_image(bench, vault / ".trash/old.png", sd)
    assert (saved.new, saved.path) == (True, "Files/old.png")


def test_several_are_saved_together(bench: Workbench, sd: StorageDir, vault: Path) -> None:
    """With one name each. One error concerns no other picture."""
    images = [
        NewImage(TWO, "image.png"),
        NewImage(b"no picture", "image.png"),
        NewImage(THREE, "Image.png"),
        NewImage(TWO, "again.png"),
        NewImage(ONE, "image.png"),
        NewImage(FOUR[: len(FOUR) // 2], "half.png"),
        NewImage(FOUR, "image.png"),
    ]
    results = save_several(bench, images, sd, "Study/Deep/Note.md")
    paths = [result.path if isinstance(result, Saved) else result.code for result in results]
    assert paths == [
        "Files/image.png", "unsupported-image", "Files/Image 1.png", "Files/image.png", "Study/graph.png",
        "wrong-bytes", "Files/image 2.png",
    ]  # fmt: skip
    assert [result.new for result in results if isinstance(result, Saved)] == [True, True, False, False, True]
    assert all(
        "](../../Files/" in result.markdown for result in results if isinstance(result, Saved) and result.new
    )
    assert scan_storage_dir(bench, sd).unchanged == 5
    told = [event for event in list_events(bench) if isinstance(event, ImageAvailable) and event.saved]
    assert [event.path for event in told] == ["Files/image.png", "Files/Image 1.png", "Files/image 2.png"]


def test_threads_get_a_name_each(bench: Workbench, sd: StorageDir, vault: Path) -> None:
    """Ten savers of one name at once. Every picture is there, whole."""
    pictures = make_pictures(10, first_seed=100)
    start = threading.Barrier(len(pictures))

    def save(data: bytes) -> Saved:
        start.wait()
        return save_image(bench, data, sd, name="image.png")

    with ThreadPoolExecutor(len(pictures)) as pool:
        saved = list(pool.map(save, pictures))
    assert all(one.new for one in saved)
    assert {one.path: data for one, data in zip(saved, pictures, strict=True)} == {
        path: data for path, data in list_files(vault).items() if path.startswith("Files/")
    }
    assert len({one.path.lower() for one in saved}) == len(pictures)


@pytest.mark.parametrize("kind", ["jpg", "gif", "webp", "svg", "heic", "heif", "avif"])
def test_every_type_gets_its_extension(bench: Workbench, sd: StorageDir, kind: str) -> None:
    """Whatever the name says."""
    data = make_picture(kind, seed=5)
    saved = save_image(bench, data, sd, name="a.PNG")
    assert saved.new
    assert saved.path.startswith("Files/a.")
    assert not saved.path.endswith("png")
    row = find_row(bench, sd, saved.path)
    assert (row.state, row.image_id, row.media_type) == (FileState.PRESENT, id_of(data), saved.media_type)


def test_what_is_no_whole_picture_is_refused(
    bench: Workbench, sd: StorageDir, vault: Path, tmp_path: Path
) -> None:
    """No name vouches for it. If its bytes are known from a folder with ids, that does."""
    before, half = snapshot(vault), TWO[: len(TWO) // 2]
    with pytest.raises(WrongBytesError, match="is not a whole image"):
        save_image(bench, half, sd, name="half.png")
    assert snapshot(vault) == before
    ids = add_storage_dir(bench, make_storage_dir(tmp_path / "ids")).sd
    assert not save_image(bench, half, ids).whole
    saved = save_image(bench, half, sd, name="half.png")
    assert (saved.new, saved.whole) == (True, False)
    assert find_row(bench, sd, saved.path).is_whole is False


def test_ids_are_those_of_the_bytes(bench: Workbench, sd: StorageDir) -> None:
    """An id of one's own has no place there."""
    with pytest.raises(ImageIdMismatchError, match="leave the id out"):
        save_image(bench, TWO, sd, image_id=LEGACY_ID)
    with pytest.raises(ImageIdMismatchError):
        save_image(bench, TWO, sd, image_id=id_of(ONE))
    assert save_image(bench, TWO, sd, image_id=id_of(TWO)).image_id == id_of(TWO)


def test_an_image_is_copied_by_name(bench: Workbench, sd: StorageDir, tmp_path: Path) -> None:
    """From a folder with ids under its original name; under an id of its bytes if it has one of another kind."""
    ids = add_storage_dir(bench, make_storage_dir(tmp_path / "ids")).sd
    save_image(bench, TWO, ids, name="Rome.png")
    save_image(bench, THREE, ids, image_id=LEGACY_ID)
    copied = copy_image(bench, id_of(TWO), sd)
    assert (copied.new, copied.path) == (True, "Files/Rome.png")
    assert not copy_image(bench, id_of(TWO), sd).new
    legacy = copy_image(bench, LEGACY_ID, sd)
    assert (legacy.new, legacy.image_id) == (True, id_of(THREE))
    other = tmp_path / "Other"
    put(other, "n.md", b"")
    named = add_storage_dir(bench, other).sd
    assert copy_image(bench, id_of(ONE), named).path == "attachments/graph.png"


def test_nothing_is_foreign_and_nothing_is_elsewhere(bench: Workbench, sd: StorageDir) -> None:
    """So there is nothing to adopt, and nothing to take in."""
    with pytest.raises(RefusedError, match="nothing was done"):
        adopt_image(bench, sd, "Study/graph.png")
    assert list_pictures_elsewhere(bench, sd) == []
    assert take_in(bench, sd).saved == ()


def test_a_folder_that_must_not_be_written_to_is_not(bench: Workbench, vault: Path, tmp_path: Path) -> None:
    """One that is read-only by choice, and one that is away."""
    before = snapshot(vault)
    sd = add_storage_dir(bench, vault, read_only=True).sd
    with pytest.raises(ReadOnlyStorageDirError):
        save_image(bench, TWO, sd)
    assert snapshot(vault) == before
    other = tmp_path / "Other"
    put(other, "n.md", b"")
    away = add_storage_dir(bench, other).sd
    other.rename(tmp_path / "moved")
    with pytest.raises(StorageDirOfflineError):
        save_image(bench, TWO, away)
    other.mkdir()
    with pytest.raises(StorageDirOfflineError):
        save_image(bench, TWO, get_by_number(bench, away.number))
    assert list(other.iterdir()) == []


def test_a_disk_that_could_only_rename_over_gets_nothing(
    bench: Workbench, sd: StorageDir, vault: Path
) -> None:
    """A file that arrives at the same moment could be lost there. Without links alone, it is saved."""
    before = snapshot(vault)
    with pytest.raises(DiskError, match="could be lost"):
        call_refused(LIKE_FUSE, lambda: save_image(bench, TWO, sd, name="a.png"))
    assert list_files(vault).keys() == {path for path in before if (vault / path).is_file()}
    saved = call_refused(NO_LINKS, lambda: save_image(bench, TWO, sd, name="a.png"))
    assert (vault / saved.path).read_bytes() == TWO


def test_leftovers_are_found_in_any_folder(
    bench: Workbench, sd: StorageDir, vault: Path, clock: FakeClock
) -> None:
    """By the notes of this machine. Those of others stay, and no link is followed."""
    ours, theirs = f".~{'a' * 32}.tmp", f".~{'b' * 32}.tmp"
    outside = vault.parent / "outside"
    for folder in (vault / "Study/Deep", vault, outside):
        for name in (ours, theirs):
            put(folder, name, b"half")
    (vault / "link").symlink_to(outside)
    bench.scratch.mkdir(exist_ok=True)
    (bench.scratch / ours).write_bytes(b"Study/Deep")
    (bench.scratch / f".~{'c' * 32}.tmp").write_bytes(b"link")
    put(outside, f".~{'c' * 32}.tmp", b"half")
    remove_leftovers(bench, [sd], [sd.number])
    assert (vault / "Study/Deep" / ours).exists()
    clock.pass_time(days=2)
    remove_leftovers(bench, [sd], [sd.number])
    assert not (vault / "Study/Deep" / ours).exists()
    assert not list(bench.scratch.iterdir())
    assert (vault / "Study/Deep" / theirs).exists()
    assert (vault / theirs).exists()
    assert len(list(outside.iterdir())) == 3


def test_a_killed_save_is_taken_up(bench: Workbench, sd: StorageDir, vault: Path) -> None:
    """Its file is there, whole, and no row tells of it. The same save again finds it, and announces it."""
    put(vault, "Files/a.png", TWO)
    saved = save_image(bench, TWO, sd, name="a.png")
    assert (saved.new, saved.path) == (False, "Files/a.png")
    assert isinstance(list_events(bench)[-1], ImageAvailable)
    assert name_of(TWO) not in os.listdir(vault)


def test_a_saved_picture_is_handed_out_without_another_read(
    bench: Workbench, sd: StorageDir, clock: FakeClock
) -> None:
    """Its mtime is that of its source, or two seconds old, so the proof of the save is relied on."""
    saved = save_image(bench, TWO, sd)
    found = find_image(bench, saved.image_id, sd)
    assert found is not None
    assert found.relative_path == saved.path
    row = find_row(bench, sd, saved.path)
    assert row.proof is not None
    assert row.stamp is not None
    assert clock.now().timestamp() * 1e9 - row.stamp.mtime_ns >= 2e9 - 1e6
