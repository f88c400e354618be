"""Lists of wanted files: what a list from elsewhere may do, and which files are worth reading."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import InvalidInputError
from strandline.model import wanted
from strandline.model.image_ids import content_id_of, hash_to_content_id
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.model.verification import Fault
from strandline.model.wanted import Pattern, WantedFile, WantedImage, parse_wanted

SHA256 = "ab" * 32
ID = content_id_of(SHA256)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40) | st.sampled_from([SHA256, ID]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["wanted", "image_id", "sha256"]), inner, max_size=3)
    ),
    max_leaves=10,
)


def want(size_bytes: int | None, *names: str) -> WantedFile:
    """A wanted file."""
    sd = StorageDir(1, None, "one", "/one", StorageDirState.ONLINE, False, False, (), datetime.now(UTC))
    return WantedFile(sd, f"media/{ID}.png", ID, Fault.MISSING, names, size_bytes, None)


@given(JSON)
def test_no_list_breaks_anything(document: object) -> None:
    """It is refused, or says only which bytes are wanted."""
    try:
        images, unknown = parse_wanted(json.dumps(document))
    except InvalidInputError:
        return
    assert unknown >= 0
    assert all(each.content_id is not None for each in images)


@pytest.mark.parametrize("text", ["", "[", "[]", "null", '{"wanted": 3}', "[" * 100_000])
def test_other_text_is_refused(text: str) -> None:
    """Also text that nests too deep."""
    with pytest.raises(InvalidInputError):
        parse_wanted(text)


def test_a_long_list_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It must not fill the memory."""
    monkeypatch.setattr(wanted, "MOST_WANTED", 1)
    with pytest.raises(InvalidInputError):
        parse_wanted(json.dumps({"wanted": [{}, {}]}))


def test_each_image_once_and_rows_without_bytes_are_counted() -> None:
    """A row with a legacy id and no hash says nothing that could be found."""
    rows = [
        {"image_id": ID},
        {"image_id": ID},
        {"image_id": "12345678-9abc-4def-8123-456789abcdef"},
        {"image_id": "../../etc", "sha256": "A" * 64},
    ]
    assert parse_wanted(json.dumps({"wanted": rows})) == ([WantedImage(ID, None)], 2)


def test_the_hash_decides_before_the_id() -> None:
    """Both say it; the hash says more."""
    image = WantedImage(ID, SHA256)
    assert image.is_right(SHA256)
    assert not image.is_right(SHA256[:32] + "0" * 32)
    assert WantedImage(ID, None).is_right(SHA256[:32] + "0" * 32)
    assert WantedImage(hash_to_content_id(b"x"), None).content_id == hash_to_content_id(b"x")


def test_what_is_worth_reading() -> None:
    """The right size, whatever the name. Only if a size is unknown, a name, an id in a name, and then any picture."""
    known = Pattern([want(5)])
    assert [known.rank(name, 5) for name in ("a.png", "a.txt", "a/b")] == [0, 0, 0]
    assert [known.rank(name, 6) for name in ("a.png", f"{ID}.png")] == [None, None]
    unknown = Pattern([want(None, "Sea.PNG")])
    assert unknown.rank("x/sea.png", 6) == 0
    assert unknown.rank(f"x/old {ID.upper()}.bak", 6) == 0
    assert unknown.rank("x/other.jpg", 6) == 1
    assert unknown.rank("x/other.txt", 6) is None
    assert unknown.rank("x/sea.png", 0) is None
