"""Which folder an identity means if several have it, and which of two is probably the copy."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from builders.reports import make_storage_dir
from strandline.model.identity.sd_ids import StorageDirId
from strandline.model.storage_dirs import StorageDir, find_probable_copy, list_by_identity

IDS = [StorageDirId(digit * 32) for digit in "abc"]


@st.composite
def storage_dirs(draw: st.DrawFn) -> list[StorageDir]:
    """A few, with few identities and few times of adding."""
    known = make_storage_dir()
    return [
        replace(
            known,
            number=number,
            sd_id=draw(st.sampled_from([None, *IDS])),
            aliases=tuple(draw(st.sets(st.sampled_from(IDS)))),
            added_at=known.added_at + timedelta(days=draw(st.integers(0, 2))),
        )
        for number in range(1, draw(st.integers(1, 5)))
    ]


@given(storage_dirs())
def test_an_identity_means_first_the_folder_that_has_it_and_was_added_earlier(sds: list[StorageDir]) -> None:
    """The folder that has it now comes before one that had it once. None is missing, and no other is listed."""
    found = list_by_identity(sds)
    for sd_id in IDS:
        owners = [sd for sd in sds if sd.sd_id == sd_id]
        all_of_them = [sd for sd in sds if sd_id in (sd.sd_id, *sd.aliases)]
        listed = found.get(sd_id, [])
        assert {sd.number for sd in listed} == {sd.number for sd in all_of_them}
        if owners:
            assert listed[0] == min(owners, key=lambda sd: (sd.added_at, sd.number))


@given(storage_dirs())
def test_the_copy_was_added_later(sds: list[StorageDir]) -> None:
    """Whichever comes first; nobody if both were added at once."""
    for sd in sds:
        for twin in sds:
            copy = find_probable_copy(sd, twin)
            assert copy == find_probable_copy(twin, sd)
            assert (copy is None) == (sd.added_at == twin.added_at)
            assert copy is None or copy.added_at == max(sd.added_at, twin.added_at)
