"""What a bucket's refusals say: which server, which variable, what to check."""

from __future__ import annotations

import pytest

from builders.s3_server import S3Server
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


def test_a_refusal_names_the_server_and_the_variables(
    monkeypatch: pytest.MonkeyPatch, s3_server: S3Server
) -> None:
    """Who sees "refused" must know who refused, and which of the keys to look at."""
    options = s3_server.options
    address = parse_bucket_address("s3://pics/x")
    monkeypatch.setenv(NAMES[0], "nobody")
    monkeypatch.setenv(NAMES[1], "wrong")
    with pytest.raises(PlaceError, match=options.endpoint) as refused:
        BucketClient(address, options).get("a.png", at_most=1)
    assert all(name in refused.value.remedy for name in NAMES)


def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong endpoint is the first thing to check, and it is a setting."""
    for name in NAMES:
        monkeypatch.setenv(name, "some")
    away = BucketOptions(endpoint="http://127.0.0.1:9", retries=0, timeout_s=2)
    with pytest.raises(PlaceError, match=r"http://127\.0\.0\.1:9 cannot be reached") as refused:
        BucketClient(parse_bucket_address("s3://pics/x"), away).head("a.png")
    assert "s3.endpoint" in refused.value.remedy
