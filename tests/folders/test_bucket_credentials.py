"""Credentials that are not complete: which of the two is missing, without a request."""

from __future__ import annotations

import pytest

from strandline.folders.buckets.client import BucketClient
from strandline.folders.disk_errors import PlaceError
from strandline.model.buckets import BucketOptions, parse_bucket_address

NAMES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@pytest.mark.parametrize(("given", "missing"), [NAMES, NAMES[::-1]])
def test_the_half_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, given: str, missing: str) -> None:
    """It is not called a server that cannot be reached, which would be tried again forever."""
    monkeypatch.setenv(given, "half")
    monkeypatch.delenv(missing, raising=False)
    client = BucketClient(parse_bucket_address("s3://pics/x"), BucketOptions())
    with pytest.raises(PlaceError, match=f"^.*{given} is set, and {missing} is not$") as refused:
        client.head("a.png")
    assert refused.value.remedy == "set both"
