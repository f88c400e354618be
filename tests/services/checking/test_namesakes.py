"""A picture that is gone, while others of its name are elsewhere: what is remembered of its own path counts first."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.named_vault import put
from builders.storage import make_pictures
from strandline.model.image_ids import hash_to_content_id
from strandline.model.note_checks import Finding
from strandline.services.checking.known_notes import check_notes
from strandline.services.proving.backlog import verify_unproven
from strandline.services.saving.put_back import plan_put_back
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.trashing.delete import delete_files, plan_delete
from strandline.services.workbench import Workbench

ONE, OTHER, THIRD, LATER = make_pictures(4)


@pytest.fixture
def vault(tmp_path: Path, bench: Workbench) -> Path:
    """A vault in which a camera gave three pictures the same name. A note embeds one of them."""
    root = tmp_path / "Vault"
    (root / ".obsidian").mkdir(parents=True)
    put(root, "Kitchen/IMG_1.png", ONE)
    put(root, "Journey/IMG_1.png", OTHER)
    put(root, "Diary/IMG_1.png", THIRD)
    put(root, "Kitchen/Tea.md", b"![[Kitchen/IMG_1.png]]\n")
    put(root, "Journey/Trip.md", b"![[Journey/IMG_1.png]]\n")
    sd = add_storage_dir(bench, root).sd
    scan_storage_dir(bench, sd)
    verify_unproven(bench, sd, may_read=lambda _: True)
    return root


def check(bench: Workbench) -> list[Finding]:
    """The findings, with what the catalog remembers."""
    return list(check_notes(bench, get_by_number(bench, 1)).findings)


def test_a_deleted_picture_is_not_taken_for_another_one(bench: Workbench, vault: Path) -> None:
    """Check says what the trash says, and names no other picture."""
    delete_files(bench, plan_delete(bench, [hash_to_content_id(ONE)]))
    (finding,) = check(bench)
    assert (finding.kind, finding.file, finding.candidates) == ("missing", "Kitchen/IMG_1.png", ())
    assert finding.message.startswith("it was deleted on this machine; `strandline trash restore ")
    assert "Journey" not in finding.message
    (step,) = plan_put_back(bench, str(vault)).steps
    assert step.source is not None
    assert step.source.trash_id is not None


def test_what_came_after_a_deletion_counts(bench: Workbench, vault: Path, clock: FakeClock) -> None:
    """The trash still has the earlier picture. The later one was not deleted by Strandline."""
    delete_files(bench, plan_delete(bench, [hash_to_content_id(ONE)]))
    clock.pass_time(hours=1)
    put(vault, "Kitchen/IMG_1.png", LATER)
    scan_storage_dir(bench, get_by_number(bench, 1))
    verify_unproven(bench, get_by_number(bench, 1), may_read=lambda _: True)
    clock.pass_time(hours=1)
    (vault / "Kitchen/IMG_1.png").unlink()
    scan_storage_dir(bench, get_by_number(bench, 1))
    (finding,) = check(bench)
    assert finding.message.startswith(
        f"it was here until {clock.now().astimezone():%Y-%m-%d %H:%M}, and no image"
    )


def test_a_removed_picture_is_not_taken_for_another_one(bench: Workbench, vault: Path) -> None:
    """Before the next scan, and after it. Bytes under another name are named."""
    (vault / "Kitchen/IMG_1.png").unlink()
    (finding,) = check(bench)
    assert (finding.kind, finding.message[:28]) == ("missing", "it was here at the last scan")
    scan_storage_dir(bench, get_by_number(bench, 1))
    (finding,) = check(bench)
    assert (finding.kind, finding.message[:17]) == ("missing", "it was here until")
    put(vault, "Kitchen/tea.png", ONE)
    scan_storage_dir(bench, get_by_number(bench, 1))
    (finding,) = check(bench)
    assert (finding.kind, finding.candidates) == ("missing", ())
    assert "the same bytes are now at Kitchen/tea.png" in finding.message


@pytest.mark.parametrize("scanned", [False, True])
def test_a_picture_that_was_moved_is_misplaced(bench: Workbench, vault: Path, scanned: bool) -> None:
    """The one of its name that has its bytes is named, and not those that were there before."""
    (vault / "Cellar").mkdir()
    (vault / "Kitchen/IMG_1.png").rename(vault / "Cellar/IMG_1.png")
    if scanned:
        scan_storage_dir(bench, get_by_number(bench, 1))
    (finding,) = check(bench)
    assert (finding.kind, finding.file) == ("misplaced", "Kitchen/IMG_1.png")
    assert "the same bytes are now at Cellar/IMG_1.png" in finding.message


def test_a_picture_that_never_was_there_may_be_another_one(bench: Workbench, vault: Path) -> None:
    """If nothing is remembered, all of its name may be the right one."""
    put(vault, "Kitchen/Tea.md", b"![[Balcony/IMG_1.png]]\n")
    (finding,) = check(bench)
    assert (finding.kind, len(finding.candidates)) == ("misplaced", 3)


def test_a_deleted_picture_was_not_there_at_the_last_scan(bench: Workbench, vault: Path) -> None:
    """Although its bytes are in another file."""
    delete_files(bench, plan_delete(bench, [hash_to_content_id(ONE)]))
    put(vault, "Kitchen/tea.png", ONE)
    scan_storage_dir(bench, get_by_number(bench, 1))
    verify_unproven(bench, get_by_number(bench, 1), may_read=lambda _: True)
    (finding,) = check(bench)
    assert finding.message.startswith(
        "it was here until it was deleted on this machine, and the same bytes are now"
    )
