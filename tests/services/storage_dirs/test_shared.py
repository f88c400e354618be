"""A shared folder of named pictures: two small files give it the same layout and identity on every machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.identities import A
from builders.named_vault import put
from builders.pictures import make_picture
from builders.storage import open_bench
from strandline.errors import InvalidInputError, RefusedError
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.presence import reconsider, refresh
from strandline.services.workbench import Workbench


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault with one picture."""
    root = tmp_path / "Vault"
    put(root, ".obsidian/app.json", b"{}")
    put(root, "img/x.png", make_picture("png"))
    return root


def list_all(root: Path) -> list[str]:
    """The paths of all files below the root."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_another_machine_has_the_same_layout_and_identity(
    bench: Workbench, vault: Path, tmp_path: Path
) -> None:
    """Two files are written, nothing else is touched, and the other machine writes nothing."""
    before = list_all(vault)
    added = add_storage_dir(bench, vault, shared=True)
    assert added.identity.generated
    assert (vault / "SD_LAYOUT").read_text() == "named\n"
    assert (vault / "SD_ID").read_text() == f"{added.sd.sd_id}\n"
    assert list_all(vault) == sorted([*before, "SD_ID", "SD_LAYOUT"])
    there = tmp_path / "there/Vault"
    shutil.copytree(vault, there)
    with open_bench(tmp_path / "other-home") as other:
        sd = add_storage_dir(other, there).sd
        assert (sd.layout, sd.sd_id, sd.provisional) == (LayoutKind.NAMED, added.sd.sd_id, False)
    assert list_all(there) == list_all(vault)


def test_sharing_a_known_folder_keeps_its_identity_and_rows(bench: Workbench, vault: Path) -> None:
    """What was provisional becomes the identity of all machines. Doing it twice changes nothing."""
    first = add_storage_dir(bench, vault)
    shared = add_storage_dir(bench, vault, shared=True)
    again = add_storage_dir(bench, vault, shared=True)
    assert [each.sd.sd_id for each in (shared, again)] == [first.sd.sd_id] * 2
    assert not shared.sd.provisional
    assert shared.scan is not None
    assert (shared.scan.added, shared.scan.unchanged) == (0, 1)


def test_an_identity_that_is_there_is_kept(bench: Workbench, vault: Path) -> None:
    """Another machine may have shared it already."""
    put(vault, "SD_ID", f"{A}\n".encode())
    assert add_storage_dir(bench, vault, shared=True).sd.sd_id == A


def test_the_files_may_arrive_in_any_order(bench: Workbench, vault: Path) -> None:
    """Between them the layout may be the other one. Then it is right, and no image was called missing."""
    number = add_storage_dir(bench, vault).sd.number
    for name, text in (("SD_ID", f"{A}\n"), ("SD_LAYOUT", "named\n")):
        put(vault, name, text.encode())
        with bench.catalog.read() as reader:
            sd = reader.sds.find_storage_dir(number)
        assert sd is not None
        reconsider(bench, sd)
    with bench.catalog.read() as reader:
        known = reader.sds.find_storage_dir(number)
        assert known is not None
        assert (known.layout, known.sd_id) == (LayoutKind.NAMED, A)
        assert not reader.files.list_some_paths(number, limit=9)


@pytest.mark.parametrize("ask", [refresh, reconsider])
def test_a_machine_that_knows_the_folder_takes_its_identity_over(
    bench: Workbench, vault: Path, ask: Callable[[Workbench, StorageDir], StorageDir]
) -> None:
    """If SD_LAYOUT is there when SD_ID arrives, nothing but the identity changes. The local one becomes an alias."""
    local = add_storage_dir(bench, vault).sd
    put(vault, "SD_LAYOUT", b"named\n")
    assert ask(bench, local) == local
    put(vault, "SD_ID", f"{A}\n".encode())
    sd = ask(bench, local)
    assert (sd.sd_id, sd.provisional, sd.layout, sd.state) == (
        A,
        False,
        LayoutKind.NAMED,
        StorageDirState.ONLINE,
    )
    assert local.sd_id in sd.aliases
    with bench.catalog.read() as reader:
        assert reader.files.list_some_paths(sd.number, limit=9) == ["img/x.png"]


def test_what_cannot_be_shared_is_refused(bench: Workbench, vault: Path) -> None:
    """Nothing is written then, and a file that says something else stays."""
    for options in ({"read_only": True}, {"layout": LayoutKind.IDS}):
        with pytest.raises(InvalidInputError, match="SD_LAYOUT and SD_ID"):
            add_storage_dir(bench, vault, shared=True, **options)
    put(vault, "SD_LAYOUT", b"ids\n")
    with pytest.raises(RefusedError, match="does not say 'named'"):
        add_storage_dir(bench, vault, shared=True)
    assert (vault / "SD_LAYOUT").read_text() == "ids\n"
    assert not (vault / "SD_ID").exists()
