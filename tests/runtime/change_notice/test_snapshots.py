"""What a poll remembers: exact for a folder of ordinary size, a digest for a huge one."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from strandline.runtime.change_notice.snapshots import find_changed_names, iter_stamps, take_snapshot

listings = st.dictionaries(st.text(max_size=2), st.integers(0, 3), max_size=6)


@given(listings, listings)
def test_a_remembered_folder_tells_its_changes_by_name(before: dict[str, int], now: dict[str, int]) -> None:
    """Exactly the names that appeared, vanished, or have another stamp."""
    changed = find_changed_names(take_snapshot(before.items()), take_snapshot(now.items()))

    assert changed == {name for name in before | now if before.get(name) != now.get(name)}


@given(listings, listings, st.integers(0, 6))
def test_a_huge_folder_tells_that_it_changed(before: dict[str, int], now: dict[str, int], bound: int) -> None:
    """Above the bound: nothing if nothing changed (in any listing order), otherwise "something"."""
    old, new = take_snapshot(before.items(), bound), take_snapshot(reversed(now.items()), bound)

    changed = find_changed_names(old, new)

    assert (changed == set()) == (before == now)
    if max(len(before), len(now)) > bound and before != now:
        assert changed is None


def test_a_listing_reads_no_bytes_and_follows_no_link(tmp_path: Path) -> None:
    """A FIFO, a dangling link, a folder, and an unreadable file all have stamps. None of them is opened."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/nowhere")
    (tmp_path / "folder").mkdir()
    (tmp_path / "secret").touch(mode=0)

    assert {name for name, _ in iter_stamps(tmp_path)} == {"fifo", "link", "folder", "secret"}
    assert dict(iter_stamps(tmp_path)) == dict(iter_stamps(tmp_path))
