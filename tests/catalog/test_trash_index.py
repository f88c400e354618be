"""The trash's index finds entries by their bytes and by their reasons, as a filter in Python would."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.catalogs import opened
from builders.image_rows import NOW
from strandline.model.image_ids import ImageId, content_id_of
from strandline.model.trash import TrashedFile, TrashReason

BYTES = [half + other for half in ("a" * 32, "b" * 32) for other in ("a" * 32, "b" * 32)]
"""SHA-256 sums, of which two have one content id."""
ENTRIES = [
    TrashedFile(f"{number:032x}", None, "/Notes", "a.png", ImageId("c" * 32), 7, sha256, reason, NOW)
    for number, (sha256, reason) in enumerate(
        (sha256, reason) for sha256 in BYTES for reason in (TrashReason.DELETED, TrashReason.REPLACED)
    )
]


@pytest.mark.parametrize("sha256", [None, *BYTES])
@pytest.mark.parametrize("image_id", [None, ImageId("a" * 32), ImageId("c" * 32)])
def test_entries_are_found_by_their_bytes(
    tmp_path: Path, sha256: str | None, image_id: ImageId | None
) -> None:
    """By the whole sum, or by the content id that begins it."""
    with opened(tmp_path / "c.db") as catalog:
        with catalog.write() as writer:
            for entry in ENTRIES:
                writer.trash.insert_trashed(entry)
        with catalog.read() as reader:
            found = reader.trash.list_trashed_bytes(sha256, image_id)
    assert found == [e for e in ENTRIES if e.sha256 == sha256 or content_id_of(e.sha256) == image_id]


@pytest.mark.parametrize("there", list(TrashReason))
@given(asked=st.sets(st.sampled_from(TrashReason)))
def test_it_says_whether_there_is_an_entry_for_a_reason(
    tmp_path_factory: pytest.TempPathFactory, there: TrashReason, asked: Set[TrashReason]
) -> None:
    """Also for none."""
    with opened(tmp_path_factory.mktemp("trash") / "c.db") as catalog:
        with catalog.write() as writer:
            writer.trash.insert_trashed(
                TrashedFile("0" * 32, None, "/Notes", "a.png", ImageId("c" * 32), 7, "0" * 64, there, NOW)
            )
        with catalog.read() as reader:
            assert reader.trash.has_trashed(asked) == (there in asked)
