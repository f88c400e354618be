"""BMP, TIFF, ICO, and JPEG XL among named pictures: found, proven, saved. An id-named file is never one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.machine import LEGACY_ID
from builders.named_pictures import NAMED_KINDS, make_flat_webp, make_named_picture
from builders.named_vault import find_row, list_events, make_named_vault, put
from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir, rows_of
from strandline.errors import MissingExtraError, UnsupportedImageError, WrongBytesError
from strandline.model.events import ImageArriving, ImageAvailable, ImageDamaged
from strandline.model.image_files import FileState, ImageFilter
from strandline.model.media_types import find_media_type_by_extension
from strandline.model.reports import ScanReport
from strandline.model.storage_dirs import StorageDir
from strandline.model.verdicts import Verdict
from strandline.services.finding.describe import list_images
from strandline.services.finding.explain import explain_image
from strandline.services.finding.search import find_image
from strandline.services.proving import drawing
from strandline.services.saving.copy import copy_image
from strandline.services.saving.save import save_image
from strandline.services.saving.take_in import list_pictures_elsewhere
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Workbench

BARE = "jxl-bare"
PICTURES = {kind: make_named_picture(kind, seed=number) for number, kind in enumerate(NAMED_KINDS)}


def path_of(kind: str) -> str:
    """Where the picture of this kind is in the vault."""
    return f"Pictures/{kind}.{NAMED_KINDS[kind]}"


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A picture of each kind, and a note."""
    root = tmp_path / "Vault"
    put(root, "Note.md", b"![](Pictures/bmp.bmp)")
    for kind, data in PICTURES.items():
        put(root, path_of(kind), data)
    return root


@pytest.fixture
def sd(bench: Workbench, vault: Path) -> StorageDir:
    """The vault, added."""
    return add_storage_dir(bench, vault).sd


def scan(bench: Workbench, sd: StorageDir) -> ScanReport:
    """A scan of the storage directory as it is now."""
    return scan_storage_dir(bench, get_by_number(bench, sd.number))


def test_all_are_images(bench: Workbench, sd: StorageDir) -> None:
    """Each is proven by its structure, and has its type and its size. A bare JPEG XL must be quiet first."""
    for kind, data in PICTURES.items():
        row = find_row(bench, sd, path_of(kind))
        media_type = find_media_type_by_extension(NAMED_KINDS[kind])
        assert media_type is not None
        assert (row.state, row.image_id, row.media_type) == (FileState.PRESENT, id_of(data), media_type.name)
        assert row.width is not None
        assert row.is_whole
        found = find_image(bench, id_of(data))
        assert found is not None
        assert (found.read(), found.media_type, found.whole) == (data, media_type.name, True)
        assert explain_image(bench, id_of(data)).verdict is Verdict.SHOWN
    page = list_images(bench, ImageFilter(media_type="image/tiff"), after=None, limit=99)
    assert len(page.images) == sum(kind.startswith("tiff") for kind in NAMED_KINDS)
    assert list_images(bench, ImageFilter(text="jxl-bare"), after=None, limit=9).images


def test_what_must_be_quiet_is_waited_for(bench: Workbench, vault: Path, clock: FakeClock) -> None:
    """A person who adds a folder sees its bare JPEG XL at once. One that is still being written is arriving."""
    began = clock.now()
    put(vault, "growing.jxl", PICTURES[BARE])
    wait = bench.sleep

    def write_more(seconds: float) -> None:
        wait(seconds)
        put(vault, "growing.jxl", PICTURES[BARE] + b"more")

    bench.sleep = write_more
    sd = add_storage_dir(bench, vault).sd
    assert (clock.now() - began).total_seconds() == 2
    assert find_row(bench, sd, path_of(BARE)).state is FileState.PRESENT
    assert find_row(bench, sd, "growing.jxl").state is FileState.ARRIVING


def test_a_second_scan_finds_nothing(bench: Workbench, sd: StorageDir) -> None:
    """Once all are proven."""
    report = scan(bench, sd)
    assert (report.found_changes, report.unchanged) == (False, len(PICTURES))


def test_what_an_earlier_version_passed_over_is_found(bench: Workbench, sd: StorageDir, vault: Path) -> None:
    """It left these files out of the catalog. No other file changed, and the next scan finds them."""
    put(vault, "old.png", make_picture("png", seed=7))
    scan(bench, sd)
    with bench.catalog.write() as writer:
        for row in rows_of(bench, sd).values():
            if not row.path.endswith(".png"):
                assert writer.files.delete_row(row)
    assert [*rows_of(bench, sd)] == ["old.png"]
    report = scan(bench, sd)
    assert (report.added, report.unchanged) == (len(PICTURES), 1)
    assert find_row(bench, sd, path_of("bmp")).state is FileState.PRESENT


@pytest.mark.parametrize("kind", [kind for kind in NAMED_KINDS if kind != BARE])
def test_half_a_picture_is_arriving(bench: Workbench, tmp_path: Path, clock: FakeClock, kind: str) -> None:
    """Until it is whole. After a day, it is damaged."""
    root = make_named_vault(tmp_path / "Vault", make_picture("png"))
    sd = add_storage_dir(bench, root).sd
    path, data = f"new.{NAMED_KINDS[kind]}", PICTURES[kind]
    put(root, path, data[: len(data) * 2 // 3])
    scan(bench, sd)
    states = [find_row(bench, sd, path).state]
    for minutes in (10, 24 * 60):
        clock.pass_time(minutes=minutes)
        scan(bench, sd)
        states.append(find_row(bench, sd, path).state)
    assert states == [FileState.ARRIVING, FileState.ARRIVING, FileState.DAMAGED]
    put(root, path, data)
    scan(bench, sd)
    assert find_row(bench, sd, path).state is FileState.PRESENT
    told = [type(event) for event in list_events(bench) if getattr(event, "path", None) == path]
    assert told == [ImageArriving, ImageDamaged, ImageArriving, ImageAvailable]


@pytest.mark.parametrize(("kind", "state"), [("bmp", FileState.PRESENT), ("tiff-lzw", FileState.ARRIVING)])
def test_zeros_at_the_end(
    bench: Workbench, tmp_path: Path, clock: FakeClock, kind: str, state: FileState
) -> None:
    """Plain pixels may be black, so they only have to be quiet. In compressed ones, zeros are a hole."""
    root = make_named_vault(tmp_path / "Vault", make_picture("png"))
    data = PICTURES[kind]
    start = 54 if kind == "bmp" else 8
    put(root, f"x.{NAMED_KINDS[kind]}", data[:start] + bytes(len(data) - start))
    sd = add_storage_dir(bench, root).sd
    clock.pass_time(minutes=10)
    scan(bench, sd)
    assert find_row(bench, sd, f"x.{NAMED_KINDS[kind]}").state is state


def test_zeros_of_a_lossy_webp_are_pixels_if_its_decoder_needs_them(bench: Workbench, tmp_path: Path) -> None:
    """A flat drawing ends in zeros, and is whole. A picture of noise ends in zeros until the rest has arrived."""
    noise = make_picture("webp", size=(300, 200))
    flat, cut = make_flat_webp(), len(noise) * 2 // 3
    hollow = noise[:cut] + bytes(len(noise) - cut)
    assert flat.endswith(bytes(100))
    assert hollow.endswith(bytes(100))
    root = make_named_vault(tmp_path / "Vault", make_picture("png"))
    put(root, "flat.webp", flat)
    put(root, "hollow.webp", hollow)
    sd = add_storage_dir(bench, root).sd
    scan(bench, sd)
    states = [find_row(bench, sd, f"{name}.webp").state for name in ("flat", "hollow")]
    assert states == [FileState.PRESENT, FileState.ARRIVING]
    assert save_image(bench, make_flat_webp(1), sd, name="Another.webp").whole
    put(root, "flat.webp", flat[:-500] + bytes(500))
    scan(bench, sd)
    assert find_row(bench, sd, "flat.webp").state is FileState.ARRIVING


def test_without_a_decoder_zeros_are_a_hole(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can tell whether they are pixels."""
    monkeypatch.setattr(drawing, "check_decodes", refuse_to_decode)
    root = make_named_vault(tmp_path / "Vault", make_picture("png"))
    put(root, "flat.webp", make_flat_webp())
    put(root, "plain.webp", make_picture("webp"))
    sd = add_storage_dir(bench, root).sd
    scan(bench, sd)
    states = [find_row(bench, sd, f"{name}.webp").state for name in ("flat", "plain")]
    assert states == [FileState.ARRIVING, FileState.PRESENT]


def refuse_to_decode(*_: object, **__: object) -> None:
    """As where the extra for pictures is not installed."""
    raise MissingExtraError("the extra pictures is not installed")


@pytest.mark.parametrize("kind", NAMED_KINDS)
def test_a_picture_is_saved_as_it_is(bench: Workbench, tmp_path: Path, kind: str) -> None:
    """Under its name, in its format, with the bytes that were given. Half of one is refused."""
    root = make_named_vault(tmp_path / "Vault", make_picture("png"))
    sd = add_storage_dir(bench, root).sd
    data = PICTURES[kind]
    saved = save_image(bench, data, sd, name=f"My {kind}.{NAMED_KINDS[kind]}")
    assert (saved.path, saved.new, saved.whole) == (f"Files/My {kind}.{NAMED_KINDS[kind]}", True, True)
    assert (root / saved.path).read_bytes() == data
    assert not save_image(bench, data, sd).new
    if kind != BARE:
        with pytest.raises(WrongBytesError):
            save_image(bench, data[:-30], sd)


def test_a_raw_photograph_is_not_saved_as_a_tiff(bench: Workbench, tmp_path: Path) -> None:
    """It has the bytes of one, and its extension says what it is."""
    sd = add_storage_dir(bench, make_named_vault(tmp_path / "Vault", make_picture("png"))).sd
    with pytest.raises(UnsupportedImageError):
        save_image(bench, PICTURES["tiff"], sd, name="IMG_0001.NEF")


@pytest.mark.parametrize("kind", NAMED_KINDS)
def test_a_folder_by_id_keeps_what_it_kept(
    bench: Workbench, sd: StorageDir, tmp_path: Path, kind: str
) -> None:
    """No name can have these extensions there, so nothing is saved, copied, or taken in."""
    root = make_storage_dir(tmp_path / "ids")
    put(root, f"beside.{NAMED_KINDS[kind]}", PICTURES[kind])
    ids = add_storage_dir(bench, root).sd
    words = r"not an image of a supported type \(PNG, .*, AVIF\)$"
    for name in (None, "x.png"):
        with pytest.raises(UnsupportedImageError, match=words):
            save_image(bench, PICTURES[kind], ids, name=name)
    with pytest.raises(UnsupportedImageError, match=words):
        copy_image(bench, id_of(PICTURES["bmp"]), ids)
    assert list_pictures_elsewhere(bench, ids) == []


def test_bytes_of_these_types_are_no_legacy_image(bench: Workbench, tmp_path: Path, clock: FakeClock) -> None:
    """A legacy id says nothing about the bytes, so another program's picture under it is not shown."""
    root = make_storage_dir(tmp_path / "ids")
    put(root, f"media/{LEGACY_ID}.png", PICTURES["tiff"])
    put(root, f"media/{id_of(PICTURES['bmp'])}.bmp", PICTURES["bmp"])
    sd = add_storage_dir(bench, root).sd
    clock.pass_time(minutes=10)
    scan(bench, sd)
    assert find_image(bench, LEGACY_ID) is None
    assert find_image(bench, id_of(PICTURES["bmp"])) is None
    assert [(row.path, row.state) for row in rows_of(bench, sd).values()] == [
        (f"media/{LEGACY_ID}.png", FileState.ARRIVING)
    ]
