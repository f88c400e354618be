"""What time it is at an endpoint: the ``Date`` of any answer, also of a refusal. The library of requests hides it."""

from __future__ import annotations

import errno
import http.client
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from strandline.folders.buckets.calls import BucketCalls
from strandline.folders.buckets.refusals import CHECK_ENDPOINT, find_address
from strandline.folders.disk_errors import PlaceError


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
    except OSError as error:
        why = f"{address} cannot be reached: {error.strerror or error}"
        raise PlaceError(error.errno or errno.EIO, why, CHECK_ENDPOINT) from error
    finally:
        connection.close()
