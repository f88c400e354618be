"""The trash by deletion: what went together comes back together, and what has a name is found by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from builders.clocks import FakeClock
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of, make_storage_dir
from strandline.model.image_ids import ImageId
from strandline.model.trash import RESTORABLE, ListedFile, TrashedFile, TrashReason
from strandline.runtime.assembly import open_store
from strandline.web.pages import trash_list
from strandline.web.pages.trash_groups import TOGETHER, choose_between, group_deletions, match_text

from .test_trash_pages import post, read, show

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
IMAGES = [make_picture("png", seed=seed) for seed in range(6)]
IDS = [id_of(data) for data in IMAGES]


def list_files(*trashed: tuple[float, TrashReason]) -> list[ListedFile]:
    """So many seconds after noon, for this reason; latest first, as the trash lists them."""
    entries = [
        TrashedFile(
            f"{number:032x}", None, "/notes", f"media/{number}.png", ImageId(f"{number:032x}"), 10, "0" * 64,
            reason, NOON + timedelta(seconds=at),
        )
        for number, (at, reason) in enumerate(sorted(trashed))
    ]  # fmt: skip
    return [ListedFile(entry, NOON, None) for entry in reversed(entries)]


@given(some.lists(some.tuples(some.floats(0, 100), some.sampled_from(TrashReason)), max_size=20))
def test_groups_are_the_restorable_files_in_their_order(trashed: list[tuple[float, TrashReason]]) -> None:
    """None is lost, none is twice; a group has one reason and no pause, and asked for by its ends it is the same."""
    listed = list_files(*trashed)
    groups = group_deletions(listed)
    assert [each for group in groups for each in group.files] == [
        each for each in listed if each.entry.reason in RESTORABLE
    ]
    for group in groups:
        moments = [each.entry.trashed_at for each in group.files]
        assert len({each.entry.reason for each in group.files}) == 1
        assert all(newer - older <= TOGETHER for newer, older in pairwise(moments))
        chosen = choose_between(listed, group.newest, group.oldest)
        assert chosen == [each.entry.trash_id for each in group.files]


def test_what_has_gone_meanwhile_is_not_guessed() -> None:
    """If an end of the group is not there, nothing is chosen."""
    listed = list_files((0, TrashReason.DELETED), (1, TrashReason.DELETED))
    assert choose_between(listed, "f" * 32, listed[1].entry.trash_id) == []
    assert choose_between(listed, listed[1].entry.trash_id, listed[0].entry.trash_id) == []


def test_words_in_any_order_are_found() -> None:
    """Without accents and case, and no word finds everything."""
    listed = list_files((0, TrashReason.DELETED), (1, TrashReason.DELETED))
    names = {listed[0].entry.trash_id: "Küche.jpg Vault: Trips", listed[1].entry.trash_id: "tram.jpg Vault"}

    def find(text: str) -> list[ListedFile]:
        return list(match_text(listed, text, lambda each: names[each.entry.trash_id]))

    assert find("trips KUCHE") == listed[:1]
    assert find("vault") == find(" ") == listed
    assert find("nothing") == []


@pytest.fixture
def clock() -> FakeClock:
    """Minutes may pass."""
    return FakeClock()


@pytest.fixture
def served(tmp_path: Path, clock: FakeClock) -> Iterator[Served]:
    """Six images in a folder."""
    root = make_storage_dir(tmp_path / "Notes", *IMAGES)
    with open_store(tmp_path / "home", now=clock.now) as store:
        store.add_storage_dir(root)
        store.scan()
        with serving(store) as served:
            yield served


def delete(served: Served, clock: FakeClock, *ids: str) -> None:
    """A minute after what was before."""
    clock.pass_time(minutes=1)
    post(served, "/delete/confirmed", images=" ".join(ids))


def find_buttons(served: Served, path: str = "/trash") -> list[str]:
    """What the buttons send that restore a deletion."""
    parts = served.client.get(path).text.split('name="deletion" value="')[1:]
    return [part.partition('"')[0] for part in parts]


def test_a_deletion_comes_back_with_one_button(served: Served, clock: FakeClock) -> None:
    """Only that one. A single file has no button for all, and what is half gone is not guessed."""
    delete(served, clock, *IDS[:3])
    delete(served, clock, IDS[3])
    words = show(served)
    assert "1 image deleted at" in words
    assert "3 images deleted at" in words
    assert words.count("Restore these 3") == 1
    (button,) = find_buttons(served)
    served.client.post("/trash/restore-deletion", data={"deletion": button})
    words = show(served)
    assert "3 files are back." in words
    assert [entry.image_id for entry in served.store.trash.list_entries()] == [IDS[3]]
    assert post(served, "/trash/restore-deletion", deletion=button)[0] == 409
    assert len(served.store.trash.list_entries()) == 1


def test_many_files_are_one_line(served: Served, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leads to all of them, page by page."""
    monkeypatch.setattr(trash_list, "MOST_OPEN", 4)
    monkeypatch.setattr(trash_list, "ENTRIES_PER_PAGE", 4)
    delete(served, clock, *IDS[:5])
    text = served.client.get("/trash").text
    assert 'name="trash_id"' not in text
    assert "Restore these 5" in text
    assert "Show all 5" in text
    newest, _, oldest = find_buttons(served)[0].partition(" ")
    path = f"/trash?newest={newest}&oldest={oldest}"
    first, second = (served.client.get(f"{path}{part}").text for part in ("", "&from=4"))
    assert (
        first.count('type="checkbox" name="trash_id"'),
        second.count('type="checkbox" name="trash_id"'),
    ) == (4, 1)
    assert "1 to 4 of 5" in read(first)
    assert "5 to 5 of 5" in read(second)
    served.store.trash.restore_entries([oldest])
    assert "These files are not in the trash any more, or not all of them." in show(served, path)


def test_a_search_narrows_what_comes_back(served: Served, clock: FakeClock) -> None:
    """The button restores what is shown, no more."""
    delete(served, clock, *IDS[:3])
    words = show(served, f"/trash?q={IDS[1]}")
    assert "1 image deleted" in words
    assert "Restore these" not in words
    assert "Nothing in the trash is called “ nobody ”." in show(served, "/trash?q=nobody")
    assert "3 images deleted" in show(served, "/trash?q=notes")
