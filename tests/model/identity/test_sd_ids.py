"""Identities: two spellings of 128 bits, and half a file is never another identity."""

from __future__ import annotations

import base64
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.model.identity.sd_ids import MAX_IDENTITY_BYTES, find_identity_in, find_storage_dir_id

uuids = st.uuids()
BOM = b"\xef\xbb\xbf"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def base64url_of(value: uuid.UUID) -> str:
    """The 22-character form."""
    return base64.urlsafe_b64encode(value.bytes)[:22].decode()


def looks_like_a_truncated_uuid(text: str) -> bool:
    """True for 22 characters that can begin a UUID, in any case."""
    return [at for at, letter in enumerate(text) if letter == "-"] == [8, 13, 18] and all(
        letter in "0123456789abcdefABCDEF-" for letter in text
    )


@given(uuids)
def test_three_spellings_are_one_identity(value: uuid.UUID) -> None:
    """Upper case, lower case and base64url are compared as the same 128 bits."""
    assert find_storage_dir_id(str(value)) == str(value)
    assert find_storage_dir_id(str(value).upper()) == str(value)
    short = base64url_of(value)
    assert find_storage_dir_id(short) == (None if looks_like_a_truncated_uuid(short) else str(value))


def test_a_base64url_form_that_begins_a_uuid_is_none() -> None:
    """A short spelling that looks like a truncated UUID is refused; that is about one in 2**48 (H10)."""
    short = "01234567-89ab-4cde-8f0"
    padded = short[:-1] + "A"  # its spare bits are zero, so only its looks count against it
    value = uuid.UUID(bytes=base64.urlsafe_b64decode(padded + "=="))
    assert base64url_of(value) == padded
    assert find_storage_dir_id(padded) is None


@given(uuids)
def test_spare_bits_must_be_zero(value: uuid.UUID) -> None:
    """The last of 22 characters has four spare bits. Only one of its 16 spellings is an identity."""
    short = base64url_of(value)
    first = ALPHABET.index(short[-1]) & 0b110000
    others = [short[:-1] + ALPHABET[first + spare] for spare in range(1, 16)]
    assert not any(map(find_storage_dir_id, others))


@given(
    uuids,
    st.sampled_from([b"", BOM]),
    st.text(" \t\r\n\f\v", max_size=5),
    st.text(" \t\r\n\f\v", max_size=5),
    st.sampled_from([b"", b"\n", b"\r\n"]),
)
def test_what_editors_do_to_a_file_is_tolerated(
    value: uuid.UUID, bom: bytes, before: str, after: str, newline: bytes
) -> None:
    """With a BOM, CRLF, no newline, blank lines, or white space around it, the identity is the same (H11)."""
    data = bom + before.encode() + str(value).encode() + after.encode() + newline
    assert find_identity_in(data) == str(value)


@pytest.mark.slow
@pytest.mark.parametrize("newline", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("bom", [b"", BOM])
@pytest.mark.parametrize("spell", [str, lambda value: str(value).upper(), base64url_of])
@given(value=uuids)
def test_no_part_of_a_file_is_an_identity(
    spell: type[str], bom: bytes, newline: bytes, value: uuid.UUID
) -> None:
    """I14, exhaustive: each prefix that cuts the value, with and without zeros up to the full length."""
    text = spell(value).encode()
    data = bom + text + newline
    for length in range(len(bom) + len(text)):
        assert find_identity_in(data[:length]) is None
        assert find_identity_in(data[:length].ljust(len(data), b"\0")) is None
    whole = bom + text
    assert find_identity_in(whole) == find_identity_in(data)


@given(uuids, uuids)
def test_two_lines_are_none(first: uuid.UUID, second: uuid.UUID) -> None:
    """A file with two values is invalid, and none of them is guessed."""
    for data in (
        f"{first}\n{second}\n",
        f"{first}\n\n{second}",
        f"{first}\r{second}",
        f"{first}\n{first}",
    ):
        assert find_identity_in(data.encode()) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_judged_without_fault(data: bytes) -> None:
    """Whatever the bytes, the result is None or a UUID of 36 characters, and never an exception."""
    found = find_identity_in(data)
    assert found is None or str(uuid.UUID(found)) == found


def test_a_long_file_is_none() -> None:
    """A file over the limit is no identity, even if only spaces make it long."""
    text = str(uuid.UUID(int=7)).encode()
    assert find_identity_in(text.ljust(MAX_IDENTITY_BYTES))
    assert find_identity_in(text.ljust(MAX_IDENTITY_BYTES + 1)) is None


@pytest.mark.parametrize(
    "text",
    ["", "{%s}", "urn:uuid:%s", "%s.", "x%s", "%s\0", "\u212a%s", "SD_ID", "/annex/objects/SHA256E-s36--00"],
)
def test_nothing_else_is_an_identity(text: str) -> None:
    """Other spellings of a UUID, pointer files, and decorations are no identities."""
    assert find_identity_in(text.replace("%s", str(uuid.UUID(int=1))).encode()) is None
