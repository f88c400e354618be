"""Missing pictures get their bytes back, from wherever they are, and nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.named_vault import put
from builders.snapshots import snapshot
from builders.storage import id_of, make_pictures, make_storage_dir
from strandline.errors import RefusedError, StorageDirNotFoundError, StorageDirOfflineError
from strandline.model.events import ImageAvailable
from strandline.model.note_checks import Place
from strandline.model.put_back import PutBack, PutBackPlan
from strandline.services.finding.search import find_image
from strandline.services.saving.put_back import plan_put_back, put_back
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Workbench

ONE, TWO, THREE, FOUR = make_pictures(4)


@pytest.fixture
def vault(tmp_path: Path, bench: Workbench) -> Path:
    """A vault with three known pictures and notes that refer to them."""
    root = tmp_path / "Vault"
    for path, data in (("img/one.png", ONE), ("img/two.png", TWO), ("three.png", THREE)):
        put(root, path, data)
    put(root, "a/Note.md", b"![](../img/one.png)\n![](../img/two.png)\n![[three.png]]\n![](../img/one.png)")
    (root / ".obsidian").mkdir()
    add_storage_dir(bench, root)
    return root


def scan(bench: Workbench) -> None:
    """A scan of the vault."""
    scan_storage_dir(bench, get_by_number(bench, 1))


def run(bench: Workbench, root: Path) -> tuple[PutBackPlan, list[PutBack]]:
    """Plans, and carries it out. The plan itself writes nothing."""
    before = snapshot(root)
    plan = plan_put_back(bench, str(root))
    assert snapshot(root) == before
    return plan, [put_back(bench, plan.sd, step) for step in plan.steps]


def test_a_renamed_folder_is_no_reason_to_leave_pictures_out(bench: Workbench, tmp_path: Path) -> None:
    """A file of that name is elsewhere, and has the bytes that were here. One that never was here stays out."""
    root = tmp_path / "Plain"
    put(root, "img/one.png", ONE)
    put(root, "other/two.png", TWO)
    put(root, "a/Note.md", b"![](../img/one.png)\n![](../img/two.png)")
    sd = add_storage_dir(bench, root).sd
    (root / "img").rename(root / "pictures")
    scan_storage_dir(bench, get_by_number(bench, sd.number))
    plan, (step,) = run(bench, root / "a")
    assert (plan.missing, plan.unknown, plan.elsewhere) == (2, 0, 1)
    assert (step.path, step.done) == ("img/one.png", True)
    assert (root / "img/one.png").read_bytes() == ONE
    again, steps = run(bench, root)
    assert (again.missing, again.elsewhere, steps) == (1, 1, [])


def test_a_conflict_copy_is_a_source(bench: Workbench, vault: Path) -> None:
    """If it has the bytes."""
    (vault / "img/one.png").rename(vault / "img/one.sync-conflict-20260712-101500-ABCDEFG.png")
    scan(bench)
    _, (step,) = run(bench, vault)
    assert (step.path, step.done) == ("img/one.png", True)


def test_a_renamed_picture_is_copied_back(bench: Workbench, vault: Path, clock: FakeClock) -> None:
    """Once, however many notes miss it. The other file stays, and the copy is an image at once."""
    (vault / "img/one.png").rename(vault / "img/uno.png")
    scan(bench)
    clock.pass_time(minutes=1)
    plan, (step,) = run(bench, vault)
    assert (plan.missing, plan.unknown) == (2, 0)
    assert (step.done, step.why, step.path, step.note, step.line) == (
        True,
        None,
        "img/one.png",
        "a/Note.md",
        1,
    )
    assert step.source == Place(None, str(vault), "img/uno.png")
    assert (vault / "img/one.png").read_bytes() == (vault / "img/uno.png").read_bytes() == ONE
    found = find_image(bench, id_of(ONE))
    assert found is not None
    with bench.catalog.read() as reader:
        assert reader.files.find_row(1, "img/one.png") is not None
        told = [
            event
            for event in reader.journal.list_events(since=0, limit=99)
            if event.type == "image.available"
        ]
    assert [event.path for event in told if isinstance(event, ImageAvailable)][3:] == ["img/one.png"]
    assert run(bench, vault)[0].missing == 0


@pytest.mark.parametrize(
    "where", [".trash/two.png", ".stversions/img/two~20261128-101010.png", "logseq/bak/x/two.png"]
)
def test_trashes_and_old_versions_are_sources(bench: Workbench, vault: Path, where: str) -> None:
    """Nothing in them is registered, but their bytes count."""
    (vault / where).parent.mkdir(parents=True)
    (vault / "img/two.png").rename(vault / where)
    scan(bench)
    _, (step,) = run(bench, vault)
    assert step.done
    assert step.source is not None
    assert step.source.path == where
    assert (vault / "img/two.png").read_bytes() == TWO


def test_what_obsidian_deleted_comes_back(bench: Workbench, vault: Path) -> None:
    """A wiki link may mean any folder, but not the trash."""
    (vault / ".trash").mkdir()
    (vault / "three.png").rename(vault / ".trash/three.png")
    scan(bench)
    _, (step,) = run(bench, vault)
    assert (step.path, step.done) == ("three.png", True)
    assert (vault / "three.png").read_bytes() == (vault / ".trash/three.png").read_bytes() == THREE


def test_another_storage_directory_is_named(bench: Workbench, vault: Path, clock: FakeClock) -> None:
    """The caller asks a person before it carries that out."""
    ids = add_storage_dir(bench, make_storage_dir(vault.with_name("ids"), TWO)).sd
    clock.pass_time(minutes=1)
    assert find_image(bench, id_of(TWO), ids) is not None
    (vault / "img/two.png").unlink()
    scan(bench)
    _, (step,) = run(bench, vault)
    assert step.source is not None
    assert (step.source.sd, step.done) == ("ids", True)


def test_a_name_that_may_be_anywhere_goes_where_it_was(bench: Workbench, vault: Path) -> None:
    """A wiki link names no folder."""
    (vault / "three.png").rename(vault / "img/drei.png")
    scan(bench)
    _, (step,) = run(bench, vault)
    assert (step.path, step.done) == ("three.png", True)


def test_bytes_that_are_nowhere(bench: Workbench, vault: Path) -> None:
    """Also if a file of the same size is in the trash."""
    (vault / "img/two.png").unlink()
    put(vault, ".trash/two.png", bytes(len(TWO)))
    put(vault, "b.md", b"![](never.png)")
    scan(bench)
    before = snapshot(vault)
    plan, (step,) = run(bench, vault)
    assert snapshot(vault) == before
    assert (plan.missing, plan.unknown) == (2, 1)
    assert not step.done
    assert "no file has its bytes now" in (step.why or "")


def test_nothing_is_replaced(bench: Workbench, vault: Path) -> None:
    """A file that came meanwhile stays as it is."""
    (vault / "img/one.png").rename(vault / "img/uno.png")
    scan(bench)
    plan = plan_put_back(bench, str(vault))
    put(vault, "img/one.png", FOUR)
    step = put_back(bench, plan.sd, plan.steps[0])
    assert not step.done
    assert "a file has that name now" in (step.why or "")
    assert (vault / "img/one.png").read_bytes() == FOUR


def test_a_source_that_changed_is_not_copied(bench: Workbench, vault: Path) -> None:
    """The bytes that were there are wanted, and no others."""
    (vault / "img/one.png").rename(vault / "img/uno.png")
    scan(bench)
    plan = plan_put_back(bench, str(vault))
    put(vault, "img/uno.png", FOUR)
    step = put_back(bench, plan.sd, plan.steps[0])
    assert "has other bytes now" in (step.why or "")
    (vault / "img/uno.png").unlink()
    step = put_back(bench, plan.sd, plan.steps[0])
    assert "is gone" in (step.why or "")
    assert not (vault / "img/one.png").exists()


def test_a_link_on_the_way_is_not_followed(bench: Workbench, vault: Path, tmp_path: Path) -> None:
    """Another machine can put one there after the plan was made."""
    (vault / "img/one.png").rename(vault / "uno.png")
    scan(bench)
    plan = plan_put_back(bench, str(vault))
    (vault / "img").rename(tmp_path / "elsewhere")
    (vault / "img").symlink_to(tmp_path / "elsewhere")
    before = snapshot(tmp_path / "elsewhere")
    step = put_back(bench, plan.sd, plan.steps[0])
    assert not step.done
    assert step.why
    assert snapshot(tmp_path / "elsewhere") == before


def test_where_nothing_can_be_told(bench: Workbench, vault: Path, tmp_path: Path) -> None:
    """Outside of storage directories, where images have ids, and where the folder is away."""
    (tmp_path / "loose").mkdir()
    with pytest.raises(StorageDirNotFoundError, match="sd add"):
        plan_put_back(bench, str(tmp_path / "loose"))
    ids = make_storage_dir(tmp_path / "ids", TWO)
    add_storage_dir(bench, ids)
    with pytest.raises(RefusedError, match="by id"):
        plan_put_back(bench, str(ids))
    vault.rename(tmp_path / "away")
    with pytest.raises(StorageDirOfflineError, match="offline"):
        plan_put_back(bench, str(vault))
