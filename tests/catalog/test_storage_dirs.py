"""Storage directories in the catalog: numbers stay, identities and names may change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.catalogs import add_sd, dump, opened
from builders.identities import A, B, C
from builders.image_rows import CONTENT_ID, NOW
from strandline.catalog import image_files, storage_dirs
from strandline.catalog.database import Catalog
from strandline.errors import CatalogError
from strandline.model.states import Seen, register_listed
from strandline.model.storage_dirs import StorageDir, StorageDirState


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with opened(tmp_path / "catalog.db") as catalog:
        yield catalog


def find(catalog: Catalog, number: int) -> StorageDir:
    """The storage directory with the number."""
    with catalog.read() as conn:
        sd = storage_dirs.find_storage_dir(conn, number)
    assert sd is not None
    return sd


def test_all_that_was_written_is_read_back(catalog: Catalog) -> None:
    """Every field, and aliases sorted; found alone and in the list alike."""
    with catalog.write() as transaction:
        number = storage_dirs.insert_storage_dir(
            transaction, sd_id=A, provisional=True, name="Nötes", path="/n", state=StorageDirState.OFFLINE,
            problem="gone", read_only=True, root=(1, 2), added_at=NOW,
        )  # fmt: skip
        storage_dirs.add_aliases(transaction, number, [C, B, C])
    expected = StorageDir(
        number=number, sd_id=A, name="Nötes", path="/n", state=StorageDirState.OFFLINE, read_only=True,
        provisional=True, aliases=(B, C), added_at=NOW, root_device=1, root_inode=2, problem="gone",
    )  # fmt: skip
    assert find(catalog, number) == expected
    with catalog.read() as conn:
        assert storage_dirs.list_storage_dirs(conn) == [expected]
        assert storage_dirs.find_storage_dir(conn, number + 1) is None


def test_they_are_listed_in_the_order_of_adding_and_numbers_are_not_used_again(catalog: Catalog) -> None:
    """A row of a forgotten one can never be taken for a new one's."""
    with catalog.write() as transaction:
        first, second = add_sd(transaction, "z"), add_sd(transaction, "a")
        storage_dirs.delete_storage_dir(transaction, second)
        third = add_sd(transaction, "m")
    assert third > second
    with catalog.read() as conn:
        assert [sd.number for sd in storage_dirs.list_storage_dirs(conn)] == [first, third]


def test_a_path_and_a_name_belong_to_one(catalog: Catalog) -> None:
    """An identity may be carried by two (a copied folder), a path or a name may not."""
    with catalog.write() as transaction:
        add_sd(transaction, "one")
    with pytest.raises(CatalogError), catalog.write() as transaction:
        add_sd(transaction, "one")


def test_a_state_is_moved_by_one_of_two(catalog: Catalog) -> None:
    """The second process that saw the same state before moves nothing, so the event is told once."""
    with catalog.write() as transaction:
        number = add_sd(transaction)
    seen = find(catalog, number)
    with catalog.write() as transaction:
        assert storage_dirs.update_state(transaction, seen, StorageDirState.OFFLINE, "gone")
        assert not storage_dirs.update_state(transaction, seen, StorageDirState.OFFLINE, "gone")
    assert (find(catalog, number).state, find(catalog, number).problem) == (StorageDirState.OFFLINE, "gone")


def test_an_identity_is_never_its_own_alias(catalog: Catalog) -> None:
    """Taking an alias as the identity takes it off the aliases."""
    with catalog.write() as transaction:
        number = add_sd(transaction)
        storage_dirs.update_identity(transaction, number, A, provisional=False)
        storage_dirs.add_aliases(transaction, number, [B])
        storage_dirs.update_identity(transaction, number, B, provisional=False)
        storage_dirs.add_aliases(transaction, number, [A])
    assert (find(catalog, number).sd_id, find(catalog, number).aliases) == (B, (A,))


def test_place_name_and_marks_are_changed_alone(catalog: Catalog) -> None:
    """Each setter touches its own columns."""
    with catalog.write() as transaction:
        number = add_sd(transaction)
        storage_dirs.update_place(transaction, number, path="/moved", root=(5, 6))
        storage_dirs.update_name(transaction, number, "Diary")
        storage_dirs.update_read_only(transaction, number, read_only=True)
        storage_dirs.mark_first_scan_done(transaction, number)
    sd = find(catalog, number)
    assert (sd.path, sd.root_device, sd.root_inode, sd.name) == ("/moved", 5, 6, "Diary")
    assert (sd.read_only, sd.first_scan_done, sd.state) == (True, True, StorageDirState.ONLINE)


def test_forgetting_takes_rows_and_aliases_and_nothing_else(catalog: Catalog) -> None:
    """The other storage directory's rows stay."""
    with catalog.write() as transaction:
        gone, stays = add_sd(transaction, "gone"), add_sd(transaction, "stays")
        for number in (gone, stays):
            storage_dirs.add_aliases(transaction, number, [A])
            row = register_listed(number, "x.png", CONTENT_ID, "image/png", Seen(None, online_only=True), NOW)
            image_files.insert_row(transaction, row)
        storage_dirs.delete_storage_dir(transaction, gone)
    left = dump(catalog.path)
    assert [row[0] for row in left["image_files"]] == [stays]
    assert left["storage_dir_aliases"] == [(stays, A)]
    assert [row[0] for row in left["storage_dirs"]] == [stays]
