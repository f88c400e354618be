"""The status from the catalog: every number is what the folders have, and no folder is looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.identity_folders import as_somebody_without_rights
from builders.pictures import make_picture
from builders.statements import count_statements
from builders.storage import id_of, make_storage_dir, name_of, open_bench, put_half, put_image
from strandline.errors import UndecodablePictureError
from strandline.model.storage_dirs import StorageDir
from strandline.model.store_status import Outcome
from strandline.pictures.decoding import check_decodes
from strandline.services.proving.backlog import verify_unproven
from strandline.services.scanning.last_scans import find_last_scan
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.status import measure_status
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.presence import refresh_storage_dirs
from strandline.services.trashing.delete import delete_files, plan_delete
from strandline.services.workbench import Workbench

PICTURES = [make_picture("png", seed=seed) for seed in range(4)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty folder with an identity."""
    return make_storage_dir(tmp_path / "Notes")


def fill(bench: Workbench, root: Path) -> StorageDir:
    """Three pictures from before, one of them read, and half a picture that arrives."""
    for data in PICTURES[:3]:
        put_image(root, data)
    sd = add_storage_dir(bench, root).sd
    budget = iter([True])
    verify_unproven(bench, sd, may_read=lambda _: next(budget, False))
    put_half(root, PICTURES[3])
    scan_storage_dir(bench, sd)
    return sd


def test_the_numbers_are_those_of_the_folder(bench: Workbench, root: Path, clock: FakeClock) -> None:
    """Images, bytes, states, what is unchecked and since when, the oldest proof, and the last scan."""
    began = clock.now()
    fill(bench, root)
    (each,) = measure_status(bench).sds
    assert each.states["present"] == 3
    assert each.states["arriving"] == each.arrivals_waiting == 1
    assert each.measures.size_bytes == sum(path.stat().st_size for path in (root / "media").iterdir())
    assert each.counts.unchecked == 2
    assert (each.measures.oldest_unchecked, each.measures.oldest_proof) == (began, began)
    assert each.last_scan == began
    assert each.missing_references is None
    clock.pass_time(days=3)
    verify_unproven(bench, each.sd, may_read=lambda _: True)
    (each,) = measure_status(bench).sds
    assert (each.counts.unchecked, each.measures.oldest_unchecked, each.measures.oldest_proof) == (
        0,
        None,
        began,
    )


def test_one_image_in_two_folders_counts_once(bench: Workbench, tmp_path: Path) -> None:
    """As in the gallery. Its files count in each folder."""
    for name in ("One", "Two"):
        add_storage_dir(bench, make_storage_dir(tmp_path / name, PICTURES[0]))
    status = measure_status(bench)
    assert status.images == 1
    assert [each.counts.images for each in status.sds] == [1, 1]


def test_trash_and_journal_are_counted(bench: Workbench, sd: StorageDir) -> None:
    """What was deleted is no file of the folder any more."""
    put_image(Path(sd.path), PICTURES[0])
    scan_storage_dir(bench, sd)
    delete_files(bench, plan_delete(bench, [id_of(PICTURES[0])], [], ()))
    status = measure_status(bench)
    assert (status.trash_files, status.trash_bytes) == (1, len(PICTURES[0]))
    assert status.sds[0].states["present"] == status.images == 0
    with bench.catalog.read() as reader:
        assert status.journal_events == len(reader.journal.list_events(since=0, limit=1000)) > 0


def test_a_scan_is_noted_for_other_programs(bench: Workbench, sd: StorageDir, clock: FakeClock) -> None:
    """Also one that finds nothing. Of a catalog that is lost, nothing is known."""
    later = clock.pass_time(hours=5)
    scan_storage_dir(bench, sd)
    bench.scanned.clear()
    assert find_last_scan(bench, sd) == later
    for noted in (bench.home / "scans").iterdir():
        noted.rename(noted.with_name(f"0-{sd.number}"))
    assert find_last_scan(bench, sd) is None
    assert [reason.kind for reason in measure_status(bench).reasons] == ["not-scanned"]


def test_a_folder_that_is_away_is_not_well(bench: Workbench, sd: StorageDir, root: Path) -> None:
    """What was known of it stays."""
    assert measure_status(bench).outcome is Outcome.WELL
    os.rename(root, root.with_name("unmounted"))
    assert measure_status(bench).outcome is Outcome.WELL, "nobody has looked"
    refresh_storage_dirs(bench)
    status = measure_status(bench)
    assert status.outcome is Outcome.UNKNOWN
    assert [reason.kind for reason in status.reasons] == ["offline"]


def test_decoders_that_fail_are_counted(bench: Workbench) -> None:
    """By the code of the error, for as long as the process runs."""
    before = measure_status(bench).decoder_failures
    check_decodes(PICTURES[0], "image/png")
    with pytest.raises(UndecodablePictureError):
        check_decodes(b"no picture", "image/png")
    after = measure_status(bench).decoder_failures
    assert after == before | {"undecodable-picture": before["undecodable-picture"] + 1}


def test_the_number_of_statements_is_fixed(bench: Workbench, tmp_path: Path) -> None:
    """However many storage directories there are."""
    counted = []
    for number in range(4):
        add_storage_dir(bench, make_storage_dir(tmp_path / f"{number}", *PICTURES))
        counted.append(count_statements(bench, lambda: measure_status(bench)))
    assert len(set(counted)) == 1
    assert name_of(PICTURES[0]) in os.listdir(tmp_path / "0/media")


def test_what_the_last_scan_could_not_read_is_a_reason() -> None:
    """Also for other programs, without a look at the folder. The next scan that can read it takes it back."""
    with as_somebody_without_rights() as folder, open_bench(folder / "home") as bench:
        sd = add_storage_dir(bench, make_storage_dir(folder / "Notes", *PICTURES[:2])).sd
        scan_storage_dir(bench, sd)
        assert measure_status(bench).outcome is Outcome.WELL
        path = next((folder / "Notes" / "media").iterdir())
        path.chmod(0)
        scan_storage_dir(bench, sd)
        bench.scanned.clear()
        status = measure_status(bench)
        assert [(reason.kind, reason.count) for reason in status.reasons] == [("unreadable", 1)]
        assert status.outcome is Outcome.LOOK
        path.chmod(0o600)
        scan_storage_dir(bench, sd)
        assert measure_status(bench).outcome is Outcome.WELL
        (folder / "Notes" / "media").chmod(0)
        scan_storage_dir(bench, sd)
        assert "unreadable" in [reason.kind for reason in measure_status(bench).reasons]
        (folder / "Notes" / "media").chmod(0o700)


def test_the_room_of_the_home_is_known(bench: Workbench, sd: StorageDir) -> None:
    """For an alert before its disk is full."""
    assert (measure_status(bench).home_free_bytes or 0) > 0
