"""A home moves to another machine: what was where, and the trash, come along; nothing in the document is believed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.clocks import FakeClock
from builders.identities import A, B
from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir
from strandline.errors import InvalidInputError, SourceNotFoundError
from strandline.model.catalog_exports import parse_export
from strandline.model.storage_dirs import LayoutKind
from strandline.runtime.assembly import LocalStore, open_store

ONE, TWO, THREE = (make_picture("png", seed=seed) for seed in range(3))


@contextmanager
def on_machine(folder: Path, clock: FakeClock) -> Iterator[LocalStore]:
    """A store whose home is in the folder."""
    with open_store(folder / "home", now=clock.now) as store:
        yield store


def make_vault(folder: Path) -> Path:
    """A folder of named pictures."""
    (folder / "Vault/img").mkdir(parents=True)
    (folder / "Vault/img/one.png").write_bytes(ONE)
    (folder / "Vault/two.png").write_bytes(TWO)
    return folder / "Vault"


def export(store: LocalStore) -> Any:
    """Through JSON, as a file would have it."""
    return json.loads(json.dumps(store.export_catalog()))


def copy_home_trash(old: Path, new: Path) -> None:
    """As a person copies it."""
    shutil.copytree(old / "home/trash", new / "home/trash", dirs_exist_ok=True)


@pytest.fixture
def clock() -> FakeClock:
    """One clock for both machines."""
    return FakeClock()


def test_what_was_where_is_remembered_on_the_new_machine(tmp_path: Path, clock: FakeClock) -> None:
    """Of a folder without an identity too, which is recognized by its name, and of a file that is missing."""
    old, new = tmp_path / "old", tmp_path / "new"
    vault = make_vault(old)
    with on_machine(old, clock) as store:
        store.add_storage_dir(vault)
        clock.pass_time(hours=1)
        (vault / "img/one.png").write_bytes(THREE)
        (vault / "two.png").unlink()
        for _ in range(3):
            store.scan()
            clock.pass_time(minutes=5)
        document = export(store)
        old_memory = store.recall("Vault")
        known = [old_memory.find([path]) for path in ("img/one.png", "two.png")]
    assert {row["path"] for row in document["history"]} == {"img/one.png", "two.png"}
    shutil.copytree(vault, new / "Vault")
    with on_machine(new, clock) as store:
        waiting = store.import_catalog(document)
        assert ([each.name for each in waiting.waiting], waiting.history_added) == (["Vault"], 0)
        store.add_storage_dir(new / "Vault")
        report = store.import_catalog(document)
        assert (report.history_added, report.history_known) == (2, 0)
        (here,) = report.storage_dirs
        assert (here.here, here.by_name) == ("Vault", True)
        again = store.import_catalog(document)
        assert (again.history_added, again.history_known) == (0, 2)
        memory = store.recall("Vault")
        gone = memory.find(["two.png"])
        assert known[1] is not None
        assert gone is not None
        assert (gone.sha256, gone.until) == (known[1].sha256, known[1].until)
        assert any(row["sha256"] == id_of(ONE) + row["sha256"][32:] for row in export(store)["history"])


@pytest.mark.parametrize("layout", LayoutKind)
def test_what_was_deleted_comes_back_on_the_new_machine(
    tmp_path: Path, clock: FakeClock, layout: LayoutKind
) -> None:
    """Once its bytes are copied there. Without them, nothing is claimed."""
    old, new = tmp_path / "old", tmp_path / "new"
    root = make_vault(old) if layout is LayoutKind.NAMED else make_storage_dir(old / "Vault", ONE, sd_id=A)
    with on_machine(old, clock) as store:
        store.add_storage_dir(root)
        store.delete(store.plan_delete([id_of(ONE)]))
        document = export(store)
    shutil.copytree(root, new / "Vault")
    with on_machine(new, clock) as store:
        store.add_storage_dir(new / "Vault")
        assert store.import_catalog(document).trash_without_bytes == 1
        assert store.trash.list_entries() == []
        copy_home_trash(old, new)
        report = store.import_catalog(document)
        assert (report.trash_added, report.trash_without_bytes) == (1, 0)
        assert store.import_catalog(document).trash_known == 1
        restored = store.trash.restore([id_of(ONE)])
        assert [change.image_id for change in restored.done] == [id_of(ONE)]
        assert store.get(id_of(ONE)).read() == ONE
    place = "img/one.png" if layout is LayoutKind.NAMED else f"media/{id_of(ONE)}.png"
    assert (new / "Vault" / place).read_bytes() == ONE


def test_notes_know_what_was_deleted_on_the_old_machine(tmp_path: Path, clock: FakeClock) -> None:
    """Check, explain, and put-back say the same on the new one, where no scan has ever met the picture."""
    old, new = tmp_path / "old", tmp_path / "new"
    vault = make_vault(old)
    (vault / "Note.md").write_text("![](img/one.png)\n")
    with on_machine(old, clock) as store:
        store.add_storage_dir(vault)
        store.delete(store.plan_delete([id_of(ONE)]))
        document = export(store)
        (told,) = store.check_notes("Vault").findings
    shutil.copytree(vault, new / "Vault")
    vault = new / "Vault"
    with on_machine(new, clock) as store:
        store.add_storage_dir(vault)
        copy_home_trash(old, new)
        store.import_catalog(document)
        assert "trash restore" in told.message
        assert [each.message for each in store.check_notes("Vault").findings] == [told.message]
        with pytest.raises(SourceNotFoundError, match="it was deleted on this machine"):
            store.find_by_name("img/one.png", note=vault / "Note.md")
        assert store.list_wanted() == []
        (step,) = store.put_back_all(store.plan_put_back(vault)).steps
        assert step.done
        assert store.trash.list_entries() == []
    assert (vault / "img/one.png").read_bytes() == ONE


def test_a_folder_that_is_here_under_another_name_is_told(tmp_path: Path, clock: FakeClock) -> None:
    """With the command that gives it the name by which it is recognized; and then all of it comes over."""
    old, new = tmp_path / "old", tmp_path / "new"
    vault = make_vault(old)
    with on_machine(old, clock) as store:
        store.add_storage_dir(vault)
        store.delete(store.plan_delete([id_of(ONE)]))
        document = export(store)
    shutil.copytree(vault, new / "Notizen")
    with on_machine(new, clock) as store:
        (waiting,) = store.import_catalog(document).waiting
        assert (
            waiting.advice == "add its folder with `strandline sd add PATH --name Vault`; then import again"
        )
        store.add_storage_dir(make_storage_dir(new / "Ids", TWO, sd_id=A))
        store.add_storage_dir(new / "Notizen")
        copy_home_trash(old, new)
        (waiting,) = store.import_catalog(document).waiting
        assert waiting.may_be == ("Notizen",)
        assert (
            "it is 'Notizen' here, give it that name: `strandline sd rename Notizen Vault`;" in waiting.advice
        )
        (refused,) = store.trash.restore([id_of(ONE)]).refused
        assert "`strandline catalog import --help`" in refused.error.message
        store.rename_storage_dir("Notizen", "Vault")
        assert store.import_catalog(document).waiting == []
        assert store.trash.restore([id_of(ONE)]).refused == ()
    assert (new / "Notizen/img/one.png").read_bytes() == ONE


def test_two_folders_of_one_name_are_not_mistaken(tmp_path: Path, clock: FakeClock) -> None:
    """A name says nothing if the folders here have identities, or if a folder there had the name as well."""
    old, new = tmp_path / "old", tmp_path / "new"
    vault = make_vault(old)
    with on_machine(old, clock) as store:
        store.add_storage_dir(vault)
        (vault / "two.png").unlink()
        for _ in range(3):
            store.scan()
            clock.pass_time(minutes=5)
        document = export(store)
    with on_machine(new, clock) as store:
        store.add_storage_dir(make_storage_dir(new / "Vault", sd_id=B))
        report = store.import_catalog(document)
        assert ([each.here for each in report.storage_dirs], report.history_added) == ([None], 0)


def test_a_former_identity_is_enough(tmp_path: Path, clock: FakeClock) -> None:
    """Also if the folder has another one by now."""
    old, new = tmp_path / "old", tmp_path / "new"
    root = make_storage_dir(old / "Notes", sd_id=A)
    with on_machine(old, clock) as store:
        store.add_storage_dir(root)
        document = export(store)
    root = make_storage_dir(new / "Mine", sd_id=B)
    (root / f"SD_ID.was-{A}").write_text(A)
    with on_machine(new, clock) as store:
        store.add_storage_dir(root)
        (here,) = store.import_catalog(document).storage_dirs
        assert (here.name, here.here, here.by_name) == ("Notes", "Mine", False)


ROW = {
    "sd_id": A, "path": "img/x.png", "sha256": "0" * 64, "size_bytes": 5,
    "since": "2026-01-02T03:04:05.000006Z", "until": "2026-01-03T03:04:05.000006Z",
}  # fmt: skip
SD = {
    "sd_id": A, "name": "Notes", "path": "/x", "layout": "ids", "provisional": False, "aliases": [],
}  # fmt: skip
TRASHED = {
    "trash_id": "1" * 32, "sd_id": A, "sd_path": "/x", "path": "media/x.png", "image_id": "2" * 32,
    "size_bytes": 5, "sha256": "2" * 64, "reason": "deleted", "trashed_at": "2026-01-02T03:04:05.000006Z",
    "mtime_ns": None,
}  # fmt: skip


def make_document(**parts: object) -> dict[str, object]:
    """An export with these parts."""
    return {"format": 1, "origins": [], "storage_dirs": [SD], "history": [ROW], "trash": [TRASHED], **parts}


@pytest.fixture
def notes(tmp_path: Path, clock: FakeClock) -> Iterator[LocalStore]:
    """A machine with the folder that the document is about."""
    with on_machine(tmp_path, clock) as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Notes", sd_id=A))
        yield store


def test_the_document_itself_makes_sense(notes: LocalStore) -> None:
    """Otherwise the next test would prove nothing."""
    report = notes.import_catalog(make_document())
    assert (report.history_added, report.trash_without_bytes) == (1, 1)
    assert report.to_json()["history"] == {"added": 1, "known": 0}


@pytest.mark.parametrize(
    "parts",
    [
        {"history": {}},
        {"history": [None]},
        {"history": [ROW | {"path": "../x"}]},
        {"history": [ROW | {"path": "/etc/x"}]},
        {"history": [ROW | {"path": "a\0b"}]},
        {"history": [ROW | {"path": "\udcff"}]},
        {"history": [ROW | {"path": "x" * 5000}]},
        {"history": [ROW | {"sha256": "x"}]},
        {"history": [ROW | {"size_bytes": -1}]},
        {"history": [ROW | {"size_bytes": 2**63}]},
        {"history": [ROW | {"size_bytes": True}]},
        {"history": [ROW | {"until": "tomorrow"}]},
        {"history": [ROW | {"sd_id": "x"}]},
        {"storage_dirs": [SD | {"sd_id": "../x"}]},
        {"storage_dirs": [SD | {"aliases": ["x"]}]},
        {"storage_dirs": [SD | {"aliases": None}]},
        {"storage_dirs": [SD | {"layout": "x"}]},
        {"trash": [TRASHED | {"trash_id": "../../x"}]},
        {"trash": [TRASHED | {"sd_id": "../x"}]},
        {"trash": [TRASHED | {"path": "../x"}]},
        {"trash": [TRASHED | {"path": 7}]},
        {"trash": [TRASHED | {"reason": "x"}]},
        {"trash": [TRASHED | {"sha256": "x"}]},
    ],
    ids=str,
)
def test_what_makes_no_sense_changes_nothing(notes: LocalStore, parts: dict[str, object]) -> None:
    """All of it is checked before the first row is written."""
    with pytest.raises(InvalidInputError):
        notes.import_catalog(make_document(**parts))
    assert export(notes)["history"] == []


def test_trash_is_indexed_as_the_disk_describes_it(tmp_path: Path, clock: FakeClock) -> None:
    """A document that says something else about an entry is not believed."""
    old, new = tmp_path / "old", tmp_path / "new"
    root = make_storage_dir(old / "Notes", ONE, sd_id=A)
    with on_machine(old, clock) as store:
        store.add_storage_dir(root)
        store.delete(store.plan_delete([id_of(ONE)]))
        document = export(store)
    document["trash"][0]["path"] = "media/other.png"
    document["trash"][0]["trashed_at"] = "1999-01-02T03:04:05.000006Z"
    with on_machine(new, clock) as store:
        store.add_storage_dir(make_storage_dir(new / "Notes", sd_id=A))
        copy_home_trash(old, new)
        store.import_catalog(document)
        assert [entry.trashed_at.year for entry in store.trash.list_entries()] != [1999]
        assert clock.now() - store.trash.list_entries()[0].trashed_at < timedelta(days=1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
CHANGES = st.sampled_from([("history", ROW), ("storage_dirs", SD), ("trash", TRASHED)]).flatmap(
    lambda part: st.tuples(
        st.just(part[0]),
        st.dictionaries(st.sampled_from(sorted(part[1])), JSON, max_size=2).map(lambda new: part[1] | new),
    )
)


@given(change=CHANGES)
def test_no_document_is_a_fault(change: tuple[str, object]) -> None:
    """Whatever a row contains, it is read, or refused with a reason."""
    document = make_document(**{change[0]: [change[1]]})
    try:
        export = parse_export(document)
    except InvalidInputError:
        return
    paths = [each.path for each in export.history] + [each.path for each in export.trash]
    assert all(".." not in path.split("/") for path in paths)
