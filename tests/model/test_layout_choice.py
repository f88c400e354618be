"""Choosing a layout: the rule of SPEC §3, and its laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import InvalidInputError
from strandline.model.layout_choice import (
    LayoutLook,
    choose_layout,
    look_at_names,
    parse_layout,
)
from strandline.model.storage_dirs import LayoutKind, parse_layout_kind

ID = "0123456789abcdef0123456789abcdef"
UUID = "6f1b2c3d-0000-4000-8000-000000000001"

LITTER = [".DS_Store", "desktop.ini", "Thumbs.db", "@eaDir", ".stfolder", ".stignore", ".git", "lost+found"]
IDENTITIES = [
    "SD_ID",
    ".sd-id",
    "SD_ID (conflicted copy)",
    "sd_id",
    ".syncthing.SD_ID.tmp",
    f"SD_ID.was-{UUID}",
]
ID_NAMES = [
    f"{ID}.png", f"{ID}.PNG", f"{UUID}.jpg", f".{ID}.png.icloud", f".syncthing.{ID}.png.tmp", f"{ID} (1).png",
    f"{ID}.sync-conflict-20260101-120000-ABCDEFG.png",
]  # fmt: skip
OTHERS = [".obsidian", "Note.md", "IMG_1.HEIC", f"{ID}.png", "Study", "._Note.md", "Media"]

litter = st.lists(st.sampled_from(LITTER), max_size=3)


def choose(root: list[str], media: list[str] | None = None, says: LayoutKind | None = None) -> LayoutKind:
    """The layout of a folder with these names."""
    names = [*root, *(["media"] if media is not None else [])]
    chosen = choose_layout(look_at_names(names, media, says=says))
    assert chosen is not None
    assert chosen.reason
    return chosen.layout


@given(
    litter, st.sampled_from(IDENTITIES), st.lists(st.sampled_from(OTHERS)), st.lists(st.sampled_from(OTHERS))
)
def test_an_identity_means_ids(some: list[str], identity: str, others: list[str], media: list[str]) -> None:
    """Whatever else is there."""
    assert choose([*others, identity, *some], media) is LayoutKind.IDS


@given(litter, st.sampled_from(ID_NAMES), st.lists(st.sampled_from(OTHERS)), litter)
def test_an_image_with_an_id_in_media_means_ids(
    some: list[str], id_name: str, others: list[str], media: list[str]
) -> None:
    """Also its placeholder, temporary, or conflict copy."""
    assert choose([*others, *some], [*media, id_name]) is LayoutKind.IDS


@given(litter, st.none() | litter)
def test_a_folder_with_nothing_of_its_own_means_ids(some: list[str], media: list[str] | None) -> None:
    """It is a new storage directory."""
    assert choose(some, media) is LayoutKind.IDS


@given(
    litter, st.lists(st.sampled_from(OTHERS), min_size=1), st.none() | st.just([]) | st.just(["photo.jpg"])
)
def test_any_other_folder_is_named(some: list[str], others: list[str], media: list[str] | None) -> None:
    """An id-named image outside the media folder says nothing."""
    assert choose([*some, *others], media) is LayoutKind.NAMED


def test_a_media_folder_with_other_pictures_is_named() -> None:
    """Somebody keeps their own pictures there."""
    assert choose([], ["photo.jpg"]) is LayoutKind.NAMED


@given(
    st.lists(st.sampled_from([*LITTER, *IDENTITIES, *OTHERS])),
    st.lists(st.sampled_from([*LITTER, *ID_NAMES, *OTHERS])),
    st.sampled_from(LayoutKind),
)
def test_a_file_that_says_the_layout_decides(root: list[str], media: list[str], says: LayoutKind) -> None:
    """So all machines agree, in whatever order the files arrive."""
    assert choose(root, media, says) is says


@given(
    st.lists(st.sampled_from([*LITTER, *IDENTITIES, *OTHERS]), unique=True).flatmap(
        lambda names: st.tuples(st.permutations(names), st.permutations(names))
    ),
    st.lists(st.sampled_from([*LITTER, *ID_NAMES, *OTHERS])),
)
def test_the_order_of_a_listing_makes_no_difference(
    orders: tuple[list[str], list[str]], media: list[str]
) -> None:
    """Disks list in any order."""
    one, other = (choose_layout(look_at_names(order, media)) for order in orders)
    assert one == other


@given(
    st.lists(st.sampled_from([*LITTER, *IDENTITIES, *OTHERS])),
    st.lists(st.sampled_from([*LITTER, *ID_NAMES, *OTHERS])),
    st.sampled_from([*IDENTITIES, *ID_NAMES]),
    st.lists(st.sampled_from(OTHERS)),
)
def test_once_ids_arrive_they_stay(root: list[str], media: list[str], arrived: str, later: list[str]) -> None:
    """Nothing that arrives later makes it a folder of named pictures."""
    with_identity = arrived in IDENTITIES
    after = (root + [arrived] * with_identity, media + [arrived] * (not with_identity))
    assert choose(*after) is LayoutKind.IDS
    assert choose([*after[0], *later], [*after[1], *later]) is LayoutKind.IDS


def test_nothing_follows_from_half_a_look() -> None:
    """A media folder that cannot be listed may have images with ids. An identity is certain all the same."""
    assert choose_layout(look_at_names(["Note.md"], None, is_known=False)) is None
    assert choose_layout(LayoutLook(is_known=False)) is None
    certain = choose_layout(look_at_names(["SD_ID"], None, is_known=False))
    assert certain is not None
    assert certain.layout is LayoutKind.IDS


@pytest.mark.parametrize("data", [b"named", b"named\n", b" NAMED\r\n", b"\xef\xbb\xbfnamed\n"])
def test_the_file_is_one_word(data: bytes) -> None:
    """As editors write it."""
    assert parse_layout(data) is LayoutKind.NAMED


@given(st.binary(max_size=100))
def test_any_other_bytes_say_nothing(data: bytes) -> None:
    """They may still be arriving."""
    says = parse_layout(data)
    assert says is None or data.removeprefix(b"\xef\xbb\xbf").strip().lower() == says.value.encode()
    assert parse_layout(b"named\nids\n") is None


def test_a_layout_is_given_by_its_name() -> None:
    """Anything else is refused, and the message says what to give."""
    assert parse_layout_kind("named") is LayoutKind.NAMED
    with pytest.raises(InvalidInputError, match="give ids or named"):
        parse_layout_kind("flat")
