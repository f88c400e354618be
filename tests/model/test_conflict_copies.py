"""Which conflict copies a scan reads, and when they show an image."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from strandline.model.conflict_copies import ListedCopy, ReadCopy, do_they_show_one_image, plan_copies
from strandline.model.image_ids import ImageId

IDS = st.sampled_from([ImageId("0" * 32), ImageId("1" * 32)])
LISTED = st.dictionaries(
    st.sampled_from(["media/a", "media/b", "media/c"]), st.tuples(IDS, st.sampled_from(["1:1:1", "2:2:2"]))
).map(lambda found: [ListedCopy(path, *facts) for path, facts in found.items()])


def _read(copy: ListedCopy, sha256: str | None) -> ReadCopy:
    return ReadCopy(1, copy.path, copy.image_id, copy.stamp, sha256)


@given(LISTED, LISTED, st.sampled_from(["a" * 64, None]))
def test_a_plan_that_was_carried_out_plans_nothing(
    before: list[ListedCopy], now: list[ListedCopy], sha256: str | None
) -> None:
    """So a second scan reads and writes nothing. What is unchanged is never read again, whatever it was."""
    known = {copy.path: _read(copy, sha256) for copy in before}
    plan = plan_copies(now, known)
    assert {copy.path for copy in plan.to_read} == {copy.path for copy in now if copy not in before}
    known |= {copy.path: _read(copy, sha256) for copy in plan.to_read}
    for path in plan.to_forget:
        del known[path]
    assert known.keys() == {copy.path for copy in now}
    again = plan_copies(now, known)
    assert (again.to_read, again.to_forget) == ([], [])


@given(st.lists(st.sampled_from(["a" * 64, "b" * 64, None])))
def test_copies_show_an_image_if_their_bytes_agree(hashes: list[str | None]) -> None:
    """Copies with other bytes do not count."""
    copies = [
        _read(ListedCopy(str(at), ImageId("0" * 32), "1:1:1"), sha256) for at, sha256 in enumerate(hashes)
    ]
    wanted = len(set(hashes) - {None}) == 1
    assert do_they_show_one_image(copies) is wanted
