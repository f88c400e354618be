"""Buckets: which text means a place in an object store, and how one is asked. Pure (SPEC §24)."""

from __future__ import annotations

import re

from strandline.errors import InvalidPathError
from strandline.model.json_form import JsonForm
from strandline.model.values import dataclass

SCHEME = "s3://"

MAX_KEY_BYTES = 1024
"""S3's own limit for the name of an object."""

MAX_PREFIX_BYTES = MAX_KEY_BYTES - len("/media/") - 255
"""The key of any image must fit."""

TRASH_PREFIX = ".strandline-trash"
"""Where the trash of a bucket is unless a setting says otherwise. The dot keeps it out of trees that people see."""

MAX_TRASH_PREFIX_BYTES = 100
"""Its keys have two numbers and a file name, too."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NOT_PLAIN = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True)
class BucketOptions:
    """How an endpoint is asked: what the settings ``s3.…`` say. Credentials are never among them."""

    endpoint: str = ""
    """Its address. Empty: that of AWS, or what the environment says."""
    region: str = "us-east-1"
    addressing: str = "path"
    """``path`` (``https://endpoint/bucket``) or ``virtual`` (``https://bucket.endpoint``)."""
    timeout_s: float = 30.0
    """Of one request."""
    retries: int = 3
    """Of one request that got no answer, or one that says nothing (5xx)."""
    redirect_to: str = ""
    """The address at which those who see images reach the endpoint, if they are sent there."""
    redirect_s: int = 60
    """For how long such an address works."""
    trash_prefix: str = TRASH_PREFIX
    """What the keys of the bucket's trash begin with."""


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """A place in a bucket."""

    bucket: str
    prefix: str
    """What the keys of all its objects begin with, without ``/`` at the ends. Empty for a whole bucket."""

    @property
    def text(self) -> str:
        """``s3://bucket/prefix``."""
        return f"{SCHEME}{self.bucket}/{self.prefix}".rstrip("/")

    def key_of(self, path: str) -> str:
        """The key of the object with this path below the prefix. An empty path is the prefix."""
        return "/".join(part for part in (self.prefix, path) if part)

    def path_of(self, key: str) -> str:
        """The path below the prefix of a key that begins with it."""
        return key[len(self.prefix) + 1 :] if self.prefix else key


def is_apart(address: BucketAddress, trash_prefix: str) -> bool:
    """Whether a storage directory at this address and the trash of its bucket are not inside of one another. A whole
    bucket passes over its trash.
    """
    own, trash = f"{address.prefix}/", f"{trash_prefix}/"
    return not address.prefix or not (own.startswith(trash) or trash.startswith(own))


def overlap(one: BucketAddress, other: BucketAddress) -> bool:
    """Whether one of the two places is inside of the other, or they are the same."""
    if one.bucket != other.bucket:
        return False
    first, second = one.key_of("") + "/" * bool(one.prefix), other.key_of("") + "/" * bool(other.prefix)
    return first.startswith(second) or second.startswith(first)


@dataclass(frozen=True, slots=True)
class Guarantees(JsonForm):
    """What an endpoint was seen to do. Each is True only if it was tried and held."""

    creates_once: bool
    """Of several writers that create one object, exactly one succeeds."""
    replaces_only_the_same: bool
    """An object is replaced only if it still is the version that was named."""
    lists_at_once: bool
    """What was just written is listed, and what was just deleted is not."""
    lists_in_order: bool
    """Names are listed in the order of their bytes, from a given one on."""

    @property
    def by_name(self) -> dict[str, bool]:
        """All of them."""
        return {name: getattr(self, name) for name in GUARANTEE_WORDS}

    @property
    def kept(self) -> tuple[str, ...]:
        """The names of those that hold."""
        return tuple(name for name in GUARANTEE_WORDS if getattr(self, name))

    @property
    def lacking(self) -> tuple[str, ...]:
        """The names of those that do not."""
        return tuple(name for name in GUARANTEE_WORDS if not getattr(self, name))


GUARANTEE_WORDS: dict[str, tuple[str, str]] = {
    "creates_once": (
        "an object is created once, whoever else tries",
        "nothing is written without a shared catalog, because two programs could overwrite each other",
    ),
    "replaces_only_the_same": (
        "an object is replaced only if it is the version that was meant",
        "a damaged image is not replaced by a good copy there without a shared catalog",
    ),
    "lists_at_once": (
        "a listing shows what was just written",
        "arrivals and losses are noticed later",
    ),
    "lists_in_order": (
        "a listing is in order, from any name on",
        "conflict copies of an image are found only by a scan",
    ),
}
"""Each guarantee in words, and what follows if it does not hold."""


def parse_guarantees(told: object) -> Guarantees | None:
    """The guarantees in what was remembered as JSON. None if it is something else."""
    if not isinstance(told, dict) or any(not isinstance(told.get(name), bool) for name in GUARANTEE_WORDS):
        return None
    return Guarantees(**{name: told[name] for name in GUARANTEE_WORDS})


def is_bucket_address(text: str) -> bool:
    """Whether the text means a bucket, however it is spelled, and not a path."""
    return text[: len(SCHEME)].lower() == SCHEME


def parse_bucket_address(text: str) -> BucketAddress:
    """The place in a bucket that the text means.

    Raises:
        InvalidPathError: It is no address of a bucket, or its prefix has a part that not all programs can name.
    """
    bucket, _, prefix = text[len(SCHEME) :].partition("/")
    prefix = prefix.rstrip("/")
    shown = text[:100]
    if not is_bucket_address(text) or not _BUCKET.fullmatch(bucket):
        raise InvalidPathError(
            f"{shown!r} is not a bucket; give s3://bucket/prefix, where the bucket's name has 3 to 63 lower-case "
            "letters, digits, dots, and dashes",
            path=shown,
        )
    if prefix and (not is_plain_key(prefix) or len(prefix.encode()) > MAX_PREFIX_BYTES):
        raise InvalidPathError(
            f"{shown!r} has a prefix that cannot be used; give parts of printable characters between single slashes, "
            f"at most {MAX_PREFIX_BYTES} bytes",
            path=shown,
        )
    return BucketAddress(bucket, prefix)


def is_plain_key(key: str) -> bool:
    """Whether every program can name an object with this key: no empty part, ``.``, ``..``, control character, or
    backslash, and not too long.
    """
    parts = key.split("/")
    if any(part in ("", ".", "..") for part in parts) or _NOT_PLAIN.search(key):
        return False
    try:
        return len(key.encode()) <= MAX_KEY_BYTES
    except UnicodeEncodeError:
        return False
