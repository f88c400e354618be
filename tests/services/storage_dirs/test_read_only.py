"""``--read-only``: a promise about somebody else's folder, kept by every later operation."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.identities import A, B, S
from builders.identity_folders import lay
from builders.journal import list_event_types
from builders.pictures import make_picture
from builders.snapshots import snapshot
from builders.storage import id_of, put_image
from strandline import open_store
from strandline.errors import ReadOnlyStorageDirError

WHOLE, HALF = make_picture("png", seed=1), make_picture("jpg", seed=2)


def fill(root: Path) -> Path:
    """A whole image, a half one, and a conflict copy."""
    (root / "media").mkdir(parents=True)
    put_image(root, WHOLE)
    put_image(root, HALF[:100], f"{id_of(HALF)}.jpg")
    put_image(root, WHOLE, f"{id_of(WHOLE)} (1).png")
    return root


def _replace_identity(root: Path) -> dict[str, object]:
    """Like another program. Returns the folder's state after it."""
    (root / "SD_ID").write_text(f"{S}\n")
    return snapshot(root)


@pytest.mark.slow
@pytest.mark.parametrize(
    "files",
    [
        {},
        {"SD_ID": A},
        {"SD_ID": A[:9]},
        {".sd-id": B, "SD_ID": A},
        {"SD_ID.conflict1": B, "SD_ID.conflict2": S},
        {"SD_ID": A, f"SD_ID.was-{B}": B, ".sd-id": B},
    ],
    ids=str,
)
def test_nothing_is_written_then_or_later(home: Path, tmp_path: Path, files: dict[str, str | None]) -> None:
    """Adding, scanning, reading, inspecting, watching, and confirming change no byte, time, or name."""
    root = fill(tmp_path / "shared")
    lay(root, dict(files))
    before = snapshot(root)
    with open_store(home) as store:
        sd = store.add_storage_dir(root, read_only=True).sd
        assert sd.read_only
        store.scan(sd)
        assert store.get(id_of(WHOLE), sd).read() == WHOLE
        assert store.find(id_of(HALF)) is None
        store.thumbnail(id_of(WHOLE))
        store.explain(id_of(HALF))
        store.inspect(sd)
        list(store.iter_tree(sd))
        store.check_health()
        with store.watch(once=True) as events:
            list(events)
        store.confirm_storage_dir(sd)
        store.accept_missing(sd)
        store.rename_storage_dir(sd, "Theirs")
        store.add_storage_dir(root, new_identity=True)
        if "SD_ID" in before:
            before = _replace_identity(root)
            store.refresh_storage_dirs()
            store.add_storage_dir(root)
        with pytest.raises(ReadOnlyStorageDirError):
            store.save(make_picture("gif"), sd=sd)
        store.forget_storage_dir(sd)
    assert snapshot(root) == before


def test_without_an_identity_it_is_used_under_a_provisional_one(home: Path, tmp_path: Path) -> None:
    """It is online and its images are read. The temporary UUID is marked as such, and stays the same."""
    root = fill(tmp_path / "shared")
    with open_store(home) as store:
        added = store.add_storage_dir(root, read_only=True)
        assert added.identity.outcome == "provisional"
        assert (added.sd.state.value, added.sd.provisional) == ("online", True)
        assert added.sd.problem is None
    with open_store(home) as store:
        assert store.refresh_storage_dirs() == [added.sd]
        assert store.get_storage_dir(str(added.sd.sd_id)).number == added.sd.number
        assert store.add_storage_dir(root, read_only=True).sd == added.sd


def test_the_real_identity_takes_over_when_it_arrives(home: Path, tmp_path: Path) -> None:
    """The provisional one becomes an alias, so it still finds the folder. Nothing is lost."""
    root = fill(tmp_path / "shared")
    with open_store(home) as store:
        provisional = store.add_storage_dir(root, read_only=True).sd
        assert store.info(id_of(WHOLE))
        (root / "SD_ID").write_text(f"{A}\n")
        before = snapshot(root)
        (sd,) = store.refresh_storage_dirs()
        assert (sd.number, sd.sd_id, sd.provisional) == (provisional.number, A, False)
        assert sd.aliases == (provisional.sd_id,)
        assert store.get_storage_dir(str(provisional.sd_id)) == sd
        assert list_event_types(store.bench, "sd.") == ["sd.added", "sd.identity_changed"]
        assert store.get(id_of(WHOLE), sd).proven
    assert snapshot(root) == before


def test_a_lost_identity_is_not_written_back(home: Path, tmp_path: Path) -> None:
    """``sd confirm`` refuses, because the SD is read-only."""
    root = fill(tmp_path / "shared")
    lay(root, {"SD_ID": A})
    with open_store(home) as store:
        sd = store.add_storage_dir(root, read_only=True).sd
        (root / "SD_ID").unlink()
        before = snapshot(root)
        with pytest.raises(ReadOnlyStorageDirError):
            store.confirm_storage_dir(sd)
    assert snapshot(root) == before


def test_adding_again_never_loosens_the_promise(home: Path, tmp_path: Path) -> None:
    """Without ``--read-only`` it stays read-only. With it, a writable one becomes read-only."""
    root = fill(tmp_path / "shared")
    lay(root, {"SD_ID": A})
    with open_store(home) as store:
        assert not store.add_storage_dir(root).sd.read_only
        assert store.add_storage_dir(root, read_only=True).sd.read_only
        assert store.add_storage_dir(root).sd.read_only
