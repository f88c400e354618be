"""Pointers are distinguished from images and other text, and say how to get the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.pictures import KINDS, make_picture
from strandline.model.pointers import MAX_POINTER_BYTES, explain_pointer

POINTERS = {
    b"/annex/objects/SHA256E-s9000--0f3c.png\n": "git annex get",
    b"../.git/annex/objects/Kx/9m/SHA256E-s9000--0f3c.png/SHA256E-s9000--0f3c.png": "git annex get",
    b".git/annex/objects/Kx/9m/SHA256E-s9000--0f3c.png/SHA256E-s9000--0f3c.png": "git annex get",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n": "git lfs pull",
}


@pytest.mark.parametrize("text", POINTERS)
def test_a_pointer_says_how_to_get_the_bytes(text: bytes) -> None:
    """It covers unlocked files, and links on disks without links, in the root and in the media folder."""
    assert POINTERS[text] in (explain_pointer(text, len(text)) or "")


@given(st.binary(max_size=100))
def test_other_bytes_are_no_pointer(data: bytes) -> None:
    """Not even text that contains a pointer further on."""
    assert explain_pointer(b"x" + data + b"/annex/objects/", 200) is None


def test_no_image_is_a_pointer() -> None:
    """This holds for every kind of image, and for text that is longer than git-annex would write."""
    assert all(explain_pointer(make_picture(kind), 100) is None for kind in KINDS)
    assert explain_pointer(b"/annex/objects/", MAX_POINTER_BYTES + 1) is None
