"""A named picture that gets the name of one that is gone for good: the memory keeps what had the name before."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.named_vault import find_row, put
from builders.storage import id_of, make_pictures
from strandline.model.image_files import FileState
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.trashing.delete import delete_files, plan_delete
from strandline.services.workbench import Workbench

ONE, TWO, THREE = make_pictures(3)


@pytest.fixture
def vault(tmp_path: Path, bench: Workbench) -> Path:
    """Three pictures."""
    root = tmp_path / "Vault"
    for path, data in (("a.png", ONE), ("b.png", TWO), ("c.png", THREE)):
        put(root, path, data)
    add_storage_dir(bench, root)
    return root


def scan(bench: Workbench) -> None:
    """One more scan."""
    scan_storage_dir(bench, get_by_number(bench, 1))


@pytest.mark.parametrize("state", [FileState.MISSING, FileState.TRASHED])
def test_a_picture_that_gets_the_name_of_one_that_is_gone(
    bench: Workbench, vault: Path, clock: FakeClock, state: FileState
) -> None:
    """Then its row is the only one with that name. Which bytes were there before is remembered."""
    sd = get_by_number(bench, 1)
    if state is FileState.TRASHED:
        delete_files(bench, plan_delete(bench, [id_of(TWO)]))
    else:
        (vault / "b.png").unlink()
        for _ in range(3):
            scan(bench)
            clock.pass_time(minutes=2)
    gone = find_row(bench, sd, "b.png")
    assert gone.state is state
    (vault / "a.png").rename(vault / "b.png")
    scan(bench)
    assert find_row(bench, sd, "b.png").image_id == id_of(ONE)
    with bench.catalog.read() as reader:
        (memory,) = reader.earlier.list_by_name(1, "b.png")
    assert gone.proof is not None
    assert memory.sha256 == gone.proof.sha256
    assert memory.until == gone.absent_since or state is FileState.TRASHED
