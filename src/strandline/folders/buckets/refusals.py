"""What it means if a request to a bucket fails, and what to do about it.

"No such key" is the only answer that says something about an object. Everything else, 403 and 5xx and no answer in
time, becomes an error after which nothing is concluded (H19). The library tells some refusals apart only by their
text, a missing bucket among them.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping

from strandline.folders.disk_errors import PlaceError
from strandline.model.buckets import BucketAddress, BucketOptions

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z]+)</Code>")
_NO_ANSWER = ("kind: Timeout", "TimedOut")
"""As the library shows the cause."""
_ID, _SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
_NO_CREDENTIALS = {
    "169.254.169.254": ("there are no credentials in the environment", f"set {_ID} and {_SECRET}"),
    "Missing AccessKeyId": (f"{_SECRET} is set, and {_ID} is not", "set both"),
    "Missing SecretAccessKey": (f"{_ID} is set, and {_SECRET} is not", "set both"),
}
"""What is wrong, and what to do, by what the library says. If there are none, it asks the service of a cloud."""

CHECK_ENDPOINT = "check `s3.endpoint` and the network, or try again later"
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


def find_address(options: BucketOptions, environ: Mapping[str, str] = os.environ) -> str:
    """The address of the endpoint. Pure."""
    named = next((environ[name] for name in _ENDPOINTS if environ.get(name)), "")
    return options.endpoint or named or f"https://s3.{options.region}.amazonaws.com"


class ReplacedError(PlaceError):
    """The path belongs to another version than the one that was named."""


def explain(
    error: Exception, doing: str, path: str, address: BucketAddress, options: BucketOptions
) -> Exception:
    """Our error for what the library raised when it was asked to do this. An ``OSError`` stays as it is, unless the
    bucket is missing.
    """
    text, kind = str(error), type(error).__name__
    server = find_address(options)
    where = f"{address.text}/{path}".rstrip("/")
    code = found[1] if (found := _CODE.search(text)) else ""
    if code == "NoSuchBucket":
        return PlaceError(
            errno.ENXIO,
            f"there is no bucket {address.bucket!r} at {server}",
            "create it, or check its name and `s3.endpoint`",
        )
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    if kind == "AlreadyExistsError":
        return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    if kind == "PreconditionError":
        return ReplacedError(errno.ESTALE, f"{where} is another version now", "try again")
    if isinstance(error, OSError | AssertionError | TypeError):
        return error
    if kind == "InvalidPathError" or isinstance(error, ValueError):
        return PlaceError(
            errno.EINVAL,
            f"an object there has a name that cannot be read: {text.splitlines()[0][:200]}",
            "rename or delete it with another program",
        )
    if missing := next((said for word, said in _NO_CREDENTIALS.items() if word in text), None):
        return PlaceError(errno.EACCES, *missing)
    status = found[1] if (found := _STATUS.search(text)) else ""
    if status in ("401", "403"):
        return PlaceError(
            errno.EACCES,
            f"{server} refused access ({code or status})",
            f"check {_ID} and {_SECRET}, and what that key may do",
        )
    if not status and any(word in text for word in _NO_ANSWER):
        return TimeoutError(errno.ETIMEDOUT, f"{server} did not answer in time")
    if not status:
        return PlaceError(errno.EIO, f"{server} cannot be reached", CHECK_ENDPOINT)
    said = f"{server} said {status} {code}".strip()
    return PlaceError(errno.EIO, f"{said} when asked to {doing} {where}", "try again when it works")


OPERATIONS = {
    "look at": "head", "read": "get", "list": "list", "write": "put", "copy": "copy", "delete": "delete",
}  # fmt: skip
"""What is measured, by what an error message says."""


def say_outcome(error: Exception) -> str:
    """One of some ten words for how a request ended. Only ``refused`` and those after it are failures."""
    match error:
        case FileNotFoundError():
            return "absent"
        case FileExistsError():
            return "exists"
        case ReplacedError():
            return "replaced"
        case TimeoutError():
            return "no-answer"
        case OSError(errno=errno.EACCES):
            return "refused"
        case OSError(errno=errno.ENXIO):
            return "no-bucket"
    return "error"
