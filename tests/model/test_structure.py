"""Laws of the structure walk that hold for pictures of every type."""

from __future__ import annotations

import mmap
import random
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.pictures import KINDS, make_picture
from strandline.model.media_types import MEDIA_TYPES, Family, MediaType, sniff_media_type
from strandline.model.structure import Structure, ends_in_zeros, walk_structure

MARKED_ENDS = frozenset({Family.PNG, Family.JPEG, Family.GIF, Family.SVG})
"""These end in a marker. RIFF and ISO end where their sizes say, so zeros in the last part are not detected."""


def _small(kind: str) -> bytes:
    return make_picture(kind) if kind in ("heic", "heif") else make_picture(kind, size=(24, 18))


PICTURES = {kind: _small(kind) for kind in KINDS}


def _type_of(data: bytes) -> MediaType:
    media_type = sniff_media_type(data)
    assert media_type is not None
    return media_type


@pytest.mark.parametrize("kind", KINDS)
def test_real_pictures_are_whole(kind: str) -> None:
    """Every picture is whole up to its last byte (except for a line feed after an SVG), and not open-ended."""
    data = PICTURES[kind]
    assert walk_structure(data, _type_of(data)) == Structure(whole=True, end=len(data.rstrip(b"\n")))


@pytest.mark.parametrize("kind", KINDS)
def test_no_prefix_is_whole(kind: str) -> None:
    """A picture that lacks one or more bytes at its end is not whole, and there is a reason."""
    data = PICTURES[kind]
    media_type = _type_of(data)
    end = walk_structure(data, media_type).end
    assert end is not None
    for length in range(end):
        structure = walk_structure(data[:length], media_type)
        assert not structure.whole
        assert structure.end is None
        assert structure.reason


@given(st.sampled_from(KINDS), st.binary(max_size=200))
def test_bytes_after_the_end_are_allowed(kind: str, more: bytes) -> None:
    """A whole picture stays whole with the same end if bytes are appended, except that ISO boxes must tile the
    file.
    """
    data = PICTURES[kind]
    media_type = _type_of(data)
    if media_type.family is not Family.ISO:
        assert walk_structure(data + more, media_type) == walk_structure(data, media_type)


@pytest.mark.parametrize("kind", KINDS)
def test_a_zero_filled_tail_is_not_whole(kind: str) -> None:
    """A file that was allocated in full and filled in part is detected by the walk, or by the zeros at its end."""
    data = PICTURES[kind].rstrip(b"\n")
    media_type = _type_of(data)
    for length in range(len(data)):
        filled = data[:length] + bytes(len(data) - length)
        if filled != data and walk_structure(filled, media_type).whole:
            assert media_type.family not in MARKED_ENDS
            assert ends_in_zeros(filled, min(64, len(data) - length))


@st.composite
def mutated_pictures(draw: st.DrawFn) -> bytes:
    """A picture with pieces overwritten, removed, doubled, or taken from another picture."""
    data = draw(st.sampled_from(list(PICTURES.values())))
    for _ in range(draw(st.integers(1, 6))):
        at, count = draw(st.integers(0, len(data))), draw(st.integers(0, 40))
        other = draw(st.sampled_from(list(PICTURES.values())))
        piece = draw(
            st.one_of(
                st.binary(max_size=12),
                st.sampled_from(
                    [b"", data[at : at + count] * 2, bytes(count), b"\xff" * count, other[:count]]
                ),
            )
        )
        data = data[:at] + piece + data[at + count :]
    return data


@given(st.one_of(st.binary(max_size=300), mutated_pictures()), st.sampled_from(MEDIA_TYPES))
def test_any_bytes_get_a_verdict(data: bytes, media_type: MediaType) -> None:
    """No bytes raise, whatever the type. A verdict is either whole with an end, or not whole with a reason."""
    for as_type in {media_type, sniff_media_type(data) or media_type}:
        structure = walk_structure(data, as_type)
        assert structure.whole == (structure.reason == "") == (structure.end is not None)
        assert structure.end is None or 0 < structure.end <= len(data)


@given(mutated_pictures())
def test_what_is_whole_ends_where_it_says(data: bytes) -> None:
    """Up to the end it is whole, one byte less is not. This includes broken pictures that happen to be whole."""
    media_type = sniff_media_type(data)
    if media_type is None or media_type.family is Family.ISO:
        return
    end = walk_structure(data, media_type).end
    if end is not None:
        assert walk_structure(data[:end], media_type).end == end
        assert not walk_structure(data[: end - 1], media_type).whole


@pytest.mark.parametrize("kind", KINDS)
def test_mapped_files_are_walked_in_place(kind: str) -> None:
    """A memory-mapped file gets the same verdict as its bytes, and can be closed right after."""
    data = PICTURES[kind]
    media_type = _type_of(data)
    for part in (data, data[:-9]):
        with tempfile.TemporaryFile() as file:
            file.write(part)
            file.flush()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                assert walk_structure(mapped, media_type) == walk_structure(part, media_type)
                assert not ends_in_zeros(mapped)


@pytest.mark.parametrize(
    ("data", "count", "expected"),
    [
        (b"", 64, False),
        (bytes(63), 64, False),
        (bytes(64), 64, True),
        (b"x" + bytes(64), 64, True),
        (b"x" + bytes(63), 64, False),
        (bytes(64) + b"x", 64, False),
        (b"xx\0\0", 2, True),
    ],
)
def test_zeros_at_the_end_are_counted(data: bytes, count: int, expected: bool) -> None:
    """Exactly the last ``count`` bytes are checked, and there must be that many."""
    assert ends_in_zeros(data, count) is expected
    assert ends_in_zeros(bytearray(data), count) is expected


@pytest.mark.timeout(20)
@pytest.mark.parametrize("media_type", MEDIA_TYPES, ids=lambda media_type: media_type.extension)
def test_noise_behind_a_good_head_ends_soon(media_type: MediaType) -> None:
    """A megabyte of noise, FF, or zeros after the first half of a picture never delays a walk."""
    head = _small(media_type.extension)
    for tail in (random.Random(1).randbytes(1_000_000), b"\xff" * 1_000_000, bytes(1_000_000)):
        walk_structure(head[: len(head) // 2] + tail, media_type)
