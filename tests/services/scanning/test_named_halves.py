"""Half a file of a folder of named pictures that goes away again: nobody knows what it was, so nothing is missing."""

from __future__ import annotations

from pathlib import Path

from builders.clocks import FakeClock
from builders.named_vault import list_events, put
from builders.storage import make_pictures
from strandline.model.events import ImageMissing
from strandline.model.storage_dirs import StorageDirState
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Workbench

ONE, *MORE = make_pictures(9)


def test_what_was_never_whole_goes_in_silence(bench: Workbench, tmp_path: Path, clock: FakeClock) -> None:
    """Even many at once. A whole picture that goes is missing as ever."""
    root = tmp_path / "Vault"
    put(root, "one.png", ONE)
    number = add_storage_dir(bench, root).sd.number
    for each, data in enumerate(MORE):
        put(root, f"half {each}.png", data[: len(data) // 2])
    report = scan_storage_dir(bench, get_by_number(bench, number))
    assert report.arriving == len(MORE)
    for each in range(len(MORE)):
        (root / f"half {each}.png").unlink()
    for _ in range(3):
        clock.pass_time(minutes=2)
        report = scan_storage_dir(bench, get_by_number(bench, number))
    assert report.sd.state is StorageDirState.ONLINE
    assert not [event for event in list_events(bench) if isinstance(event, ImageMissing)]
    with bench.catalog.read() as reader:
        assert reader.files.count_rows(number) == 1


def test_one_of_two_copies_is_no_missing_picture(bench: Workbench, tmp_path: Path, clock: FakeClock) -> None:
    """The image is still there. If the last one goes, it is missing, and told once."""
    root = tmp_path / "Vault"
    for path in ("a/one.png", "b/one.png", "two.png"):
        put(root, path, MORE[0] if path == "two.png" else ONE)
    number = add_storage_dir(bench, root).sd.number
    told = []
    for path in ("a/one.png", "b/one.png"):
        (root / path).unlink()
        for _ in range(3):
            clock.pass_time(minutes=2)
            scan_storage_dir(bench, get_by_number(bench, number))
        told.append([event.path for event in list_events(bench) if isinstance(event, ImageMissing)])
    assert told == [[], ["b/one.png"]]
    with bench.catalog.read() as reader:
        assert [each.path for each in reader.earlier.list_by_name(number, "one.png")] == ["a/one.png"]


def test_a_file_that_comes_back_under_another_name_was_never_missing(
    bench: Workbench, tmp_path: Path, clock: FakeClock
) -> None:
    """Even if its absence was seen long before, and the scan that finds the new file could call it missing."""
    root = tmp_path / "Vault"
    put(root, "one.png", ONE)
    put(root, "two.png", MORE[0])
    number = add_storage_dir(bench, root).sd.number
    (root / "one.png").unlink()
    scan_storage_dir(bench, get_by_number(bench, number))
    clock.pass_time(minutes=2)
    put(root, "uno.png", ONE)
    for _ in range(2):
        scan_storage_dir(bench, get_by_number(bench, number))
        clock.pass_time(minutes=2)
    assert not [event for event in list_events(bench) if isinstance(event, ImageMissing)]
    with bench.catalog.read() as reader:
        assert sorted(reader.files.list_some_paths(number, limit=9)) == ["two.png", "uno.png"]


def test_files_that_nobody_has_read_do_not_go_in_silence(bench: Workbench, tmp_path: Path) -> None:
    """They may be whole: if a disk is half mounted, that is too much at once, and nothing is forgotten."""
    root = tmp_path / "Vault"
    for each, data in enumerate([ONE, *MORE]):
        put(root, f"{each}.png", data)
    number = add_storage_dir(bench, root, prove_all=False).sd.number
    for each in range(len(MORE)):
        (root / f"{each}.png").unlink()
    report = scan_storage_dir(bench, get_by_number(bench, number), prove_arrivals=False)
    assert report.sd.state is StorageDirState.SUSPECT
    with bench.catalog.read() as reader:
        assert reader.files.count_rows(number) == 1 + len(MORE)
