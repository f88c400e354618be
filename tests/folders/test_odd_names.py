"""Odd names: found by a listing, which is repeated only if it can find something new."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.clocks import FakeClock
from strandline.folders.media_folder import MEDIA_FOLDER
from strandline.folders.odd_names import NO_ODD_NAMES, OddNameIndex, OddNames, sort_odd_names
from strandline.model.image_ids import ImageId
from strandline.model.media_names import split_wanted_name

ID = ImageId("0123456789abcdef0123456789abcdef")
OTHER_ID = ImageId("6f1b2c3d-0000-4000-8000-000000000001")


class Place:
    """A storage directory whose media folder has the mtime that the test sets, and an index of its odd names."""

    def __init__(self, root: Path, *, tells_changes: bool = True) -> None:
        self.root = root
        self.media = root / MEDIA_FOLDER
        self.media.mkdir()
        self.clock = FakeClock()
        self.index = OddNameIndex(
            now_s=lambda: self.clock.now().timestamp(),
            monotonic=self.clock.monotonic,
            tells_changes=lambda _path: tells_changes,
        )

    def put(self, name: str, *, age_s: float) -> None:
        """Writes a file, then sets the folder's mtime to this long before the clock's time."""
        (self.media / name).touch()
        self.set_age(age_s)

    def set_age(self, age_s: float) -> None:
        """Sets the folder's mtime."""
        at_ns = int((self.clock.now().timestamp() - age_s) * 1e9)
        os.utime(self.media, ns=(at_ns, at_ns))

    def find(self, image_id: ImageId = ID) -> OddNames:
        """What the index returns."""
        return self.index.find(str(self.root), image_id)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_odd_spellings_copies_and_placeholders_are_found(place: Place) -> None:
    """It finds everything that belongs to the image, except the names that a probe guesses."""
    names = [
        f"{ID}.png",
        f"{ID}.Png",
        f"{ID.upper()}.jpg",
        f"{ID} (conflicted copy 2026-01-01).png",
        f"{ID} (1).png",
        f".{ID}.png.icloud",
        f"{ID}.heic.nextcloud",
        f"{OTHER_ID}.GIF",
        f".syncthing.{ID}.png.tmp",
        "notes.txt",
    ]
    for name in names:
        place.put(name, age_s=10)
    assert place.find() == OddNames(
        spellings=(f"{ID.upper()}.jpg", f"{ID}.Png"),
        conflict_copies=(f"{ID} (1).png", f"{ID} (conflicted copy 2026-01-01).png"),
        placeholders=(f".{ID}.png.icloud", f"{ID}.heic.nextcloud"),
        temporaries=(f".syncthing.{ID}.png.tmp",),
    )
    assert place.find(OTHER_ID).spellings == (f"{OTHER_ID}.GIF",)
    assert place.find(ImageId("f" * 32)) == NO_ODD_NAMES


@given(st.lists(st.text(max_size=20) | st.sampled_from([f"{ID}.PNG", f"{ID} 2.png", "\udcff", "\n"])))
def test_every_odd_name_has_to_do_with_the_image_it_is_filed_under(names: list[str]) -> None:
    """This holds whatever is in the folder. A plain lower-case name is never odd."""
    for image_id, odd in sort_odd_names(names).items():
        for name in odd.spellings:
            wanted = split_wanted_name(name)
            assert wanted is not None
            assert wanted[0] == image_id
            assert name != name.lower()
        assert odd != NO_ODD_NAMES


def test_a_settled_folder_is_listed_once_for_each_mtime(place: Place) -> None:
    """While nothing changes, a miss costs one lstat."""
    place.put("a", age_s=2.1)
    place.find()
    (place.media / f"{ID}.Png").touch()
    place.set_age(2.1)  # a name that appeared without a new mtime stays unseen; no local disk does that
    place.clock.pass_time(days=1)
    mtime_before = place.media.stat().st_mtime_ns
    assert place.find() == NO_ODD_NAMES
    assert place.media.stat().st_mtime_ns == mtime_before
    place.set_age(2.1)
    assert place.find().spellings == (f"{ID}.Png",)


def test_a_folder_that_has_just_changed_is_listed_again_after_two_seconds(place: Place) -> None:
    """FAT keeps mtimes to 2 s, so another name may come within the same tick."""
    place.put("a", age_s=1.9)
    mtime_ns = place.media.stat().st_mtime_ns
    place.find()
    (place.media / f"{ID}.Png").touch()
    os.utime(place.media, ns=(mtime_ns, mtime_ns))
    place.clock.pass_time(seconds=1.9)
    assert place.find() == NO_ODD_NAMES
    place.clock.pass_time(seconds=0.2)
    assert place.find().spellings == (f"{ID}.Png",)


def test_an_unsettled_folder_is_listed_at_most_once_in_two_seconds(place: Place) -> None:
    """Even if it changes all the time: a burst of arrivals costs one listing in two seconds."""
    place.put("a", age_s=0)
    place.find()
    place.clock.pass_time(seconds=1)
    place.put(f"{ID}.Png", age_s=0)
    assert place.find() == NO_ODD_NAMES
    place.clock.pass_time(seconds=1.1)
    assert place.find().spellings == (f"{ID}.Png",)


def test_a_share_is_listed_anew_after_two_seconds_however_old_its_mtime(tmp_path: Path) -> None:
    """The mtime from a share may be cached."""
    place = Place(tmp_path, tells_changes=False)
    place.put("a", age_s=1000)
    mtime_ns = place.media.stat().st_mtime_ns
    place.find()
    (place.media / f"{ID}.Png").touch()
    os.utime(place.media, ns=(mtime_ns, mtime_ns))
    place.clock.pass_time(seconds=2)
    assert place.find().spellings == (f"{ID}.Png",)


def test_a_folder_from_the_future_is_never_taken_for_settled(place: Place) -> None:
    """Its clock is wrong, so its mtime proves nothing. It is listed once in two seconds."""
    place.put("a", age_s=-3600)
    mtime_ns = place.media.stat().st_mtime_ns
    place.find()
    (place.media / f"{ID}.Png").touch()
    os.utime(place.media, ns=(mtime_ns, mtime_ns))
    place.clock.pass_time(seconds=2)
    assert place.find().spellings == (f"{ID}.Png",)


def test_without_a_media_folder_there_are_no_odd_names(tmp_path: Path) -> None:
    """The same if it is a link."""
    place = Place(tmp_path)
    place.put(f"{ID}.Png", age_s=10)
    place.media.rename(tmp_path / "elsewhere")
    assert place.find() == NO_ODD_NAMES
    place.media.symlink_to(tmp_path / "elsewhere")
    assert place.find() == NO_ODD_NAMES


def test_two_storage_directories_are_kept_apart(tmp_path: Path) -> None:
    """One index serves all of them."""
    place = Place(tmp_path)
    place.put(f"{ID}.Png", age_s=10)
    (tmp_path / "other" / MEDIA_FOLDER).mkdir(parents=True)
    assert place.index.find(str(tmp_path / "other"), ID) == NO_ODD_NAMES
    assert place.find().spellings == (f"{ID}.Png",)
