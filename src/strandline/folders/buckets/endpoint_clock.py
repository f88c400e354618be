"""What time it is at an endpoint: the ``Date`` of any answer, also of a refusal. The library of requests hides it."""

from __future__ import annotations

import http.client
import os
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from strandline.folders.buckets.calls import BucketCalls
from strandline.model.buckets import BucketOptions

_NAMES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


def find_address(options: BucketOptions, environ: Mapping[str, str] = os.environ) -> str:
    """The address of the endpoint. Pure."""
    named = next((environ[name] for name in _NAMES if environ.get(name)), "")
    return options.endpoint or named or f"https://s3.{options.region}.amazonaws.com"


def ask_time(calls: BucketCalls) -> datetime | None:
    """The endpoint's clock, in whole seconds; None if it does not say. One request without a signature.

    Raises:
        OSError: It cannot be reached, or does not answer in time.
    """
    return calls.small(lambda: _ask(find_address(calls.client.options), calls.means.slow_places.limit_s))


def _ask(address: str, timeout_s: float) -> datetime | None:
    url = urlsplit(address)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.netloc, timeout=timeout_s)
    try:
        connection.request("HEAD", url.path or "/")
        told = connection.getresponse().getheader("Date")
        return None if told is None else parsedate_to_datetime(told)
    except (http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
