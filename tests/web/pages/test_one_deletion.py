"""A deletion of one image's files, told the same by the trash and by the activity, and back by one button."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of
from strandline.runtime.assembly import open_store

from .test_trash_groups import find_buttons
from .test_trash_pages import post, show

SEA = make_picture("jpg", seed=1)
PATHS = ["img/unused A.jpg", "img/unused B.jpg", "Trips/unused C.jpg"]


@pytest.fixture
def clock() -> FakeClock:
    """Seconds may pass."""
    return FakeClock()


@pytest.fixture
def served(tmp_path: Path, clock: FakeClock) -> Iterator[Served]:
    """A vault with three files with the same bytes."""
    root = tmp_path / "Vault"
    put(root, "Note.md", b"")
    for path in PATHS:
        put(root, path, SEA)
    with open_store(tmp_path / "home", now=clock.now) as store:
        store.add_storage_dir(root)
        store.scan()
        with serving(store) as served:
            yield served


def delete(served: Served, clock: FakeClock) -> str:
    """Some seconds after what was before."""
    clock.pass_time(seconds=11)
    return post(served, "/delete/confirmed", images=id_of(SEA))[1]


def take_back(served: Served, clock: FakeClock) -> str:
    """The words of the page after the redirect."""
    clock.pass_time(seconds=11)
    served.client.post("/trash/restore-deletion", data={"deletion": find_buttons(served)[0]})
    return show(served)


def test_each_file_is_called_by_its_own_name(served: Served, clock: FakeClock) -> None:
    """Not by one of the names of its bytes. As several files of one image went, files are counted."""
    words = delete(served, clock)
    assert "3 files are in the trash." in words
    assert "3 files deleted at" in words
    for path in PATHS:
        assert f"Select {path.rpartition('/')[2]}" in served.client.get("/trash").text
    assert "Nothing in the trash is called" not in show(served, "/trash?q=unused+A")


def test_what_came_back_is_told_until_something_else_is_done(served: Served, clock: FakeClock) -> None:
    """It never stands above files that were deleted later, also by another program."""
    delete(served, clock)
    assert "3 files are back." in take_back(served, clock)
    assert "3 files are back." in show(served), "a live page is drawn again"
    clock.pass_time(seconds=1)
    served.store.delete(served.store.plan_delete([id_of(SEA)]))
    words = show(served)
    assert "3 files deleted" in words
    assert "are back" not in words


def test_two_deletions_and_their_undos_are_four_lines(served: Served, clock: FakeClock) -> None:
    """In the order of time, each with all of its files. What comes back is no arrival."""
    for _ in range(2):
        delete(served, clock)
        take_back(served, clock)
    words = show(served, "/activity")
    for each in ["3 files are back in Vault", "3 files removed in Vault"] * 2:
        before, found, words = words.partition(each)
        assert found, each
        assert "files" not in before, "nothing else is in between"
        assert "here and checked" not in before


def test_a_note_that_uses_it_is_named_once(served: Served, tmp_path: Path) -> None:
    """Although it also has the name of another file of the image, in words that nobody can read for sure."""
    note = tmp_path / "Vault/Note.md"
    note.write_text("icon:: ../unused B.jpg")
    assert "may use it: Note.md" in post(served, "/delete", images=id_of(SEA))[1]
    note.write_text("![](<img/unused A.jpg>)\n\nicon:: ../unused B.jpg")
    words = post(served, "/delete", images=id_of(SEA))[1]
    assert ("Note.md line 1" in words, "may use it" in words) == (True, False)
