"""Notices of object stores: each form that is in use is understood, and anything else is refused or ignored."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.errors import InvalidInputError
from strandline.model.arrival_notices import MOST_NOTICES, Notice, parse_notices

AWS = {
    "Records": [
        {
            "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "pics"}, "object": {"key": "a/media/my+cat%2B%C3%A4.jpg", "size": 9}},
        },
        {
            "eventName": "ObjectRemoved:Delete",
            "s3": {"bucket": {"name": "pics"}, "object": {"key": "a/media/x.jpg"}},
        },
    ]
}  # fmt: skip
EVENT_BRIDGE = {
    "version": "0", "detail-type": "Object Created", "source": "aws.s3",
    "detail": {"bucket": {"name": "pics"}, "object": {"key": "a/my+cat%2B.jpg"}},
}  # fmt: skip
FILER = {
    "key": "/buckets/pics/a/my+cat%2B.jpg", "event_type": "create",
    "message": {"new_entry": {"name": "my+cat%2B.jpg"}, "delete_chunks": True},
}  # fmt: skip
RENAMED = {
    "key": "/buckets/pics/a/old.jpg", "event_type": "rename",
    "message": {
        "old_entry": {"name": "old.jpg"}, "new_entry": {"name": "new.jpg"}, "new_parent_path": "/buckets/pics/b",
    },
}  # fmt: skip
TEST_EVENT = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "pics"}


@pytest.mark.parametrize(
    ("document", "keys", "ignored"),
    [
        (AWS, ["a/media/my cat+ä.jpg", "a/media/x.jpg"], 0),
        ({"Records": AWS["Records"] * 3}, ["a/media/my cat+ä.jpg", "a/media/x.jpg"], 0),
        (EVENT_BRIDGE, ["a/my+cat%2B.jpg"], 0),
        (FILER, ["a/my+cat%2B.jpg"], 0),
        (RENAMED, ["a/old.jpg", "b/new.jpg"], 0),
        (TEST_EVENT, [], 0),
        ({"Records": []}, [], 0),
        (
            {"Records": [None, 1, {}, {"s3": {}}, {"s3": {"bucket": {"name": 1}, "object": {"key": "x"}}}]},
            [],
            5,
        ),
        ({"key": "/etc/passwd", "message": {}}, [], 1),
        ({"key": "/buckets/", "message": {}}, [], 1),
        ({"key": "/buckets/pics", "message": None}, [], 1),
        ({"key": 7, "message": {"new_entry": 1, "new_parent_path": 2}}, [], 1),
    ],
)
def test_each_form_names_bucket_and_key(document: object, keys: list[str], ignored: int) -> None:
    """Each once. Parts that name neither are counted."""
    found = parse_notices(json.dumps(document).encode())
    assert found.found == [Notice("pics", key) for key in keys]
    assert found.ignored == ignored


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"\xff", b"[]", b"1", b"null", b"{}", b'{"Records": {}}', b'{"key": "x"}', b"[" * 100_000,
        json.dumps({"Records": [{}] * (MOST_NOTICES + 1)}).encode(),
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: bytes) -> None:
    """With the forms that are understood."""
    with pytest.raises(InvalidInputError):
        parse_notices(text)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda each: (
        st.lists(each, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Records", "s3", "bucket", "name", "object", "key", "message", "detail", "new_entry"]
            ),
            each,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(_json)
def test_whatever_is_sent_is_understood_or_refused(document: object) -> None:
    """And never a fault."""
    try:
        found = parse_notices(json.dumps(document).encode())
    except InvalidInputError:
        return
    assert all(notice.bucket and notice.key for notice in found.found)
