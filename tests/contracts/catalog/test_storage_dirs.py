"""Storage directories in the catalog: numbers stay; identities and names may change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from builders.catalogs import add_sd, list_rows
from builders.identities import A, B, C
from builders.image_rows import CONTENT_ID, NOW
from contracts.catalog.kinds import Opener
from strandline.catalog.port import Catalog
from strandline.errors import CatalogError
from strandline.model.states import Seen, register_listed
from strandline.model.storage_dirs import StorageDir, StorageDirQuestion, StorageDirState


def find(empty: Catalog, number: int) -> StorageDir:
    """The storage directory with the number."""
    with empty.read() as reader:
        sd = reader.sds.find_storage_dir(number)
    assert sd is not None
    return sd


def test_all_that_was_written_is_read_back(empty: Catalog) -> None:
    """Every field, and sorted aliases, both in a single row and in the list."""
    with empty.write() as writer:
        number = writer.sds.insert_storage_dir(
            sd_id=A, provisional=True, name="Nötes", path="/n", state=StorageDirState.OFFLINE,
            problem="gone", read_only=True, added_at=NOW, question=StorageDirQuestion.RESTORE_IDENTITY,
        )  # fmt: skip
        writer.sds.add_aliases(number, [C, B, C])
    expected = StorageDir(
        number=number, sd_id=A, name="Nötes", path="/n", state=StorageDirState.OFFLINE, read_only=True,
        provisional=True, aliases=(B, C), added_at=NOW, problem="gone",
        question=StorageDirQuestion.RESTORE_IDENTITY,
    )  # fmt: skip
    assert find(empty, number) == expected
    with empty.read() as reader:
        assert reader.sds.list_storage_dirs() == [expected]
        assert reader.sds.find_storage_dir(number + 1) is None


def test_they_are_listed_in_the_order_of_adding_and_numbers_are_not_used_again(
    empty: Catalog,
) -> None:
    """Rows of a forgotten one can never belong to a new one."""
    with empty.write() as writer:
        first, second = add_sd(writer, "z"), add_sd(writer, "a")
        writer.sds.delete_storage_dir(second)
        third = add_sd(writer, "m")
    assert third > second
    with empty.read() as reader:
        assert [sd.number for sd in reader.sds.list_storage_dirs()] == [first, third]


def test_a_path_and_a_name_belong_to_one(empty: Catalog) -> None:
    """Two directories may have one identity (a copied folder), but not one path or name."""
    with empty.write() as writer:
        add_sd(writer, "one")
    with pytest.raises(CatalogError), empty.write() as writer:
        add_sd(writer, "one")


def test_a_state_is_moved_by_one_of_two(empty: Catalog) -> None:
    """The second process that read the same state changes nothing, so the event is published once."""
    with empty.write() as writer:
        number = add_sd(writer)
    seen = find(empty, number)
    with empty.write() as writer:
        assert writer.sds.update_state(seen, StorageDirState.OFFLINE, "gone")
        assert not writer.sds.update_state(seen, StorageDirState.OFFLINE, "gone")
    seen = find(empty, number)
    with empty.write() as writer:
        assert writer.sds.update_state(
            seen, StorageDirState.OFFLINE, "gone", StorageDirQuestion.RESTORE_IDENTITY
        )
        assert not writer.sds.update_state(seen, StorageDirState.OFFLINE, "gone")
    assert find(empty, number).question is StorageDirQuestion.RESTORE_IDENTITY
    assert (find(empty, number).state, find(empty, number).problem) == (StorageDirState.OFFLINE, "gone")


def test_an_identity_is_never_its_own_alias(empty: Catalog) -> None:
    """An alias that becomes the identity is no alias any more."""
    with empty.write() as writer:
        number = add_sd(writer)
        writer.sds.update_identity(number, A, provisional=False)
        writer.sds.add_aliases(number, [B])
        writer.sds.update_identity(number, B, provisional=False)
        writer.sds.add_aliases(number, [A])
    assert (find(empty, number).sd_id, find(empty, number).aliases) == (B, (A,))


def test_place_name_and_marks_are_changed_alone(empty: Catalog) -> None:
    """Each setter changes only its own columns."""
    with empty.write() as writer:
        number = add_sd(writer)
        writer.sds.update_path(number, "/moved")
        writer.sds.update_name(number, "Diary")
        writer.sds.update_read_only(number, read_only=True)
        writer.sds.mark_first_scan_done(number)
    sd = find(empty, number)
    assert (sd.path, sd.name) == ("/moved", "Diary")
    assert (sd.read_only, sd.first_scan_done, sd.state) == (True, True, StorageDirState.ONLINE)


def test_forgetting_takes_rows_and_aliases_and_nothing_else(empty: Catalog) -> None:
    """The other storage directory's rows stay."""
    with empty.write() as writer:
        gone, stays = add_sd(writer, "gone"), add_sd(writer, "stays")
        for number in (gone, stays):
            writer.sds.add_aliases(number, [A])
            row = register_listed(
                number, "media/x.png", CONTENT_ID, "image/png", Seen(None, online_only=True), NOW
            )
            writer.files.insert_row(row)
        writer.sds.delete_storage_dir(gone)
        left = writer.sds.list_storage_dirs()
        assert [(sd.number, sd.aliases) for sd in left] == [(stays, (A,))]
        assert (len(list_rows(writer, gone)), len(list_rows(writer, stays))) == (0, 1)


def test_of_many_that_add_what_is_not_there_one_does(open_it: Opener) -> None:
    """The others wait until it has, and see what it added."""
    catalogs = [open_it() for _ in range(4)]

    def add(catalog: Catalog) -> int:
        with catalog.write() as writer:
            writer.sds.hold_all()
            for sd in writer.sds.list_storage_dirs():
                if sd.name == "one":
                    return sd.number
            return add_sd(writer, "one")

    with ThreadPoolExecutor(len(catalogs)) as pool:
        assert len(set(pool.map(add, catalogs))) == 1
