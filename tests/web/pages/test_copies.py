"""Conflict copies side by side: what differs between them is said, and nothing that does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from builders.pictures import make_picture
from builders.reports import make_storage_dir
from builders.served import serving
from builders.storage import make_storage_dir as make_root
from builders.storage import put_image
from strandline.model.reports import DiskFact, StorageDirTrace
from strandline.runtime.assembly import open_store
from strandline.web.pages.copies import compare_copies

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LEGACY = "12345678-9abc-4def-8123-456789abcdef"

FACTS = st.lists(
    st.builds(
        DiskFact,
        filename=st.uuids().map(str),
        what=st.sampled_from(["conflict-copy", "other-copy", "rival-copy", "present"]),
        size_bytes=st.integers(1, 3),
        message=st.just(""),
        mtime=st.none() | st.integers(0, 2).map(lambda days: NOW - timedelta(days=days)),
        sha256=st.none() | st.sampled_from("abc"),
    ),
    max_size=5,
    unique_by=lambda fact: fact.filename,
)


@given(FACTS)
def test_what_differs_is_said(facts: list[DiskFact]) -> None:
    """Law: same bytes, and only these, are called so; the newest and the largest are those that no other equals."""
    compared = compare_copies([StorageDirTrace(make_storage_dir(), (), tuple(facts))])
    read = {fact.filename: fact for fact in facts if fact.what != "present" and fact.sha256}
    assert [each.filename for each in compared] == (list(read) if len(read) > 1 else [])
    for each in compared:
        fact = read[each.filename]
        if each.bytes.startswith("the same as "):
            assert read[each.bytes.removeprefix("the same as ")].sha256 == fact.sha256
        else:
            earlier = [read[other.filename] for other in compared[: compared.index(each)]]
            assert fact.sha256 not in [other.sha256 for other in earlier]
        others = [other for other in read.values() if other is not fact]
        is_largest = all((other.size_bytes or 0) < (fact.size_bytes or 0) for other in others)
        assert each.size.endswith(", the largest") is is_largest
        dates = [other.mtime for other in others if other.mtime]
        assert each.date.endswith(", the newest") is (
            fact.mtime is not None and all(other < fact.mtime for other in dates)
        )


def test_two_copies_of_one_image_are_on_its_page(tmp_path: Path) -> None:
    """Each with its picture, its date, and its size, so that a person can choose."""
    root = make_root(tmp_path / "Notes")
    for number, size in enumerate([(40, 30), (80, 60)]):
        name = f"{LEGACY} (Anna's conflicted copy 2026-11-2{number}).png"
        put_image(root, make_picture("png", seed=number, size=size), name)
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        with serving(store) as served:
            page = served.client.get(f"/image/{LEGACY}").text
            assert "2 conflict copies side by side" in page
            assert page.count("/raw?path=media%2F12345678") == 2
            assert page.count(", the largest") == 1
            facts = served.get(f"/images/{LEGACY}/explanation")["sds"][0]["disk"]
            assert [fact["what"] for fact in facts] == ["rival-copy", "rival-copy"]
            assert all(len(fact["sha256"]) == 64 and fact["mtime"] for fact in facts)
