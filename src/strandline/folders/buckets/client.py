"""Requests to one bucket, through obstore. The only module that imports it.

Its synchronous calls are made in threads that may be abandoned. Its asynchronous ones abort at the end of a program.
Its threads do not cross a fork, and the child of one would wait forever: there, every call is refused.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from strandline.extras import S3, missing_error
from strandline.folders.buckets.refusals import OPERATIONS, ReplacedError, explain, say_outcome
from strandline.folders.disk_errors import PlaceError
from strandline.model.buckets import BucketAddress, BucketOptions, is_plain_key
from strandline.model.image_files import FileStamp
from strandline.timings import OK
from strandline.timings import S3 as S3_TIMES

if TYPE_CHECKING:
    from obstore.store import S3Store

CONNECT_LIMIT_S = 5.0
"""A server that is there takes a connection within milliseconds, through any network that is in use."""

_TAG_BITS = 63
"""Of the number in a stamp: what SQLite can keep. Two versions of one name share it once in 9 × 10¹⁸."""


class Version(NamedTuple):
    """One version of an object: what a listing and a HEAD say alike."""

    path: str
    """Below the prefix."""
    size_bytes: int
    e_tag: str
    modified_at: datetime
    version_id: str | None = None
    """By which the server keeps it, whatever comes after it. None in a bucket without versions, and in a listing."""

    @property
    def stamp(self) -> FileStamp:
        """Size and a number made of the ETag, which changes with the bytes. The time of the upload is left out: to
        upload the same bytes again is no change.
        """
        return FileStamp(self.size_bytes, 0, number_of(self.e_tag))


def number_of(tag: str) -> int:
    """A positive number made of an ETag, in whichever of its forms."""
    tag = tag.removeprefix("W/").strip('"')
    return int.from_bytes(hashlib.sha256(tag.encode()).digest()[:8]) >> (64 - _TAG_BITS) or 1


class BucketClient:
    """Requests below one prefix of one bucket. Thread-safe. Paths are relative to the prefix.

    All methods raise ``TimeoutError`` without an answer in time, and :class:`PlaceError` for any other answer that
    says nothing about the object.
    """

    def __init__(self, address: BucketAddress, options: BucketOptions) -> None:
        self.address = address
        self.options = options
        self._trash = "" if address.prefix else options.trash_prefix
        """In a whole bucket, the trash is below the prefix, and is no part of what is there."""
        self._opened: S3Store | None = None

    def head(self, path: str) -> Version:
        """The version that has the path now. One HEAD.

        Raises:
            FileNotFoundError: There is none. A HEAD cannot tell whether the bucket is there.
        """
        key = self._key(path)
        with self._asking("look at", path):
            return self._version(self._store().head(key))

    def get(self, path: str, *, at_most: int, e_tag: str | None = None) -> tuple[Version, bytes | None]:
        """The version that has the path now, and all its bytes, or None for them if it has more than ``at_most``. One
        GET, so all bytes are of one version.

        Raises:
            FileNotFoundError: There is none.
            ReplacedError: It is another version than the one with this ETag.
        """
        key = self._key(path)
        with self._asking("read", path):
            result = self._store().get(key, options={"if_match": e_tag} if e_tag else None)
            version = self._version(result.meta)
            self._check(version, e_tag)
            return version, bytes(result.bytes()) if version.size_bytes <= at_most else None

    def get_piece(self, path: str, start: int, size_bytes: int, *, e_tag: str) -> bytes:
        """Some bytes of one version, which must have that many. One GET.

        Raises:
            FileNotFoundError: There is none.
            ReplacedError: The path belongs to another version.
        """
        key = self._key(path)
        with self._asking("read", path):
            result = self._store().get(key, options={"range": (start, start + size_bytes), "if_match": e_tag})
            self._check(self._version(result.meta), e_tag)
            return bytes(result.bytes())

    def find_address(self, version: Version, media_type: str, at: datetime) -> str | None:
        """A signed address of exactly this version, as those reach it who get it. None unless the settings allow it,
        the bucket keeps versions, and the credentials are in the environment. Asks nothing.

        The answer has this type, whatever the object says, so that it is nothing else in a browser.
        """
        options = self.options
        if not options.redirect_to or version.version_id is None:
            return None
        from strandline.folders.buckets.presigning import presign, read_credentials

        credentials = read_credentials(os.environ)
        if credentials is None:
            return None
        asked = {
            "versionId": version.version_id,
            "response-content-type": media_type,
            "response-content-disposition": "inline",
            "response-cache-control": f"private, max-age={options.redirect_s}",
        }
        address = f"{options.redirect_to}/{quote(self.address.bucket)}/{quote(self._key(version.path))}"
        return presign(address, asked, credentials, region=options.region, at=at, life_s=options.redirect_s)

    def iter_versions(self, folder: str, *, after: str | None = None) -> Iterator[list[Version]]:
        """All objects below a folder, at any depth, in pieces of up to 1,000; one LIST each. In the order of the
        server.

        With ``after``, only names after that one, in a folder whose server lists in order. Raises if it cannot be
        listed to its end.
        """
        prefix = self.address.key_of(folder) or None
        offset = None if after is None else self.address.key_of(f"{folder}/{after}" if folder else after)
        with self._explaining("list", folder):
            pieces = iter(self._store().list(prefix, offset=offset, chunk_size=1000))
        while (piece := self._take_piece(pieces, folder)) is not None:
            with self._explaining("list", folder):
                versions = [self._version(meta) for meta in piece]
            yield [version for version in versions if self._is_seen(version.path, folder)]

    def _take_piece(self, pieces: Iterator[Any], folder: str) -> Any:
        """The next answer, measured without what its reader does with it. None at the end, which costs no request."""
        begin_s = time.monotonic()
        try:
            with self._explaining("list", folder):
                piece = next(pieces, None)
        except OSError as error:
            S3_TIMES.note("list", say_outcome(error), time.monotonic() - begin_s)
            raise
        if piece is not None:
            S3_TIMES.note("list", OK, time.monotonic() - begin_s)
        return piece

    def list_level(self, folder: str) -> tuple[list[str], list[Version]]:
        """The names of the folders directly in a folder, and the objects in it. One LIST for 1,000 of them."""
        with self._asking("list", folder):
            found = self._store().list_with_delimiter(self.address.key_of(folder) or None)
            paths = [self.address.path_of(prefix) for prefix in found["common_prefixes"]]
            folders = [path.rpartition("/")[2] for path in paths if self._is_seen(path, folder)]
            versions = [self._version(meta) for meta in found["objects"]]
        return folders, [version for version in versions if self._is_seen(version.path, folder)]

    def has_any(self, folder: str) -> bool:
        """Whether anything is below a folder. One LIST, which also tells whether the bucket can be listed."""
        return any(self.iter_versions(folder))

    def create(self, path: str, data: bytes, about: dict[str, str] | None = None) -> str:
        """Writes an object that must not be there yet: one PUT with ``If-None-Match: *`` and SHA-256. Returns its
        ETag. Durable once it is answered.

        Raises:
            FileExistsError: There is one, perhaps this one, if the answer to an earlier try was lost.
        """
        return self._put(path, data, "create", about)

    def replace(self, path: str, data: bytes, e_tag: str, about: dict[str, str] | None = None) -> str:
        """Replaces exactly this version: one PUT with ``If-Match``. Returns the new ETag.

        Raises:
            ReplacedError: It is another one by now, or none.
        """
        return self._put(path, data, {"e_tag": e_tag}, about)

    def overwrite(self, path: str, data: bytes, about: dict[str, str] | None = None) -> str:
        """Writes an object, whatever has its name. Returns its ETag. One PUT without a condition: for a server that
        refuses ``If-Match``, and for one who has looked.
        """
        return self._put(path, data, "overwrite", about)

    def copy(self, path: str, key: str) -> None:
        """Lets the server copy the version that has the path now to a key of the same bucket, which is ours alone.
        One PUT. No condition can be given: what was copied must be read.

        Raises:
            FileNotFoundError: There is none.
        """
        source = self._key(path)
        with self._asking("copy", path):
            self._store().copy(source, key)

    def delete(self, path: str) -> None:
        """Deletes an object of our own: what a probe made, an identity that was taken over, what leaves the trash."""
        key = self._key(path)
        with self._asking("delete", path):
            self._store().delete(key)

    def _put(self, path: str, data: bytes, mode: Any, about: dict[str, str] | None) -> str:
        key = self._key(path)
        with self._asking("write", path):
            put = self._store().put(key, data, mode=mode, attributes=about or {}, use_multipart=False)
            return put["e_tag"] or self._version(self._store().head(key)).e_tag

    def _is_seen(self, path: str, folder: str) -> bool:
        """Whether something below a folder is not the folder itself, and not in the trash."""
        is_trash = self._trash and f"{path}/".startswith(f"{self._trash}/")
        return bool(path) and path != folder and not is_trash

    def _key(self, path: str) -> str:
        key = self.address.key_of(path)
        if not is_plain_key(key):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return key

    def _version(self, meta: Any) -> Version:
        e_tag = meta["e_tag"]
        if not e_tag:
            raise PlaceError(
                errno.ENOTSUP, "the server gives no ETags", "use another one: no change could be seen"
            )
        version_id = meta.get("version")
        if version_id in (
            "",
            "null",
        ):  # what was written while the bucket kept no versions may be overwritten
            version_id = None
        path = self.address.path_of(meta["path"])
        return Version(path, meta["size"], e_tag, meta["last_modified"], version_id)

    def _check(self, version: Version, e_tag: str | None) -> None:
        """The answer names its version, so a server that ignores the condition misleads nobody."""
        if e_tag is not None and number_of(version.e_tag) != number_of(e_tag):
            raise ReplacedError(errno.ESTALE, f"{version.path} is another version now", "try again")

    def _store(self) -> S3Store:
        _check_not_forked()
        if self._opened is None:
            self._opened = _open_store(self.address.bucket, self.options)
        return self._opened

    @contextmanager
    def _asking(self, doing: str, path: str) -> Iterator[None]:
        """The same for one request, which is measured."""
        with S3_TIMES.noting(OPERATIONS[doing], say_outcome), self._explaining(doing, path):
            yield

    @contextmanager
    def _explaining(self, doing: str, path: str) -> Iterator[None]:
        """Turns what the library raises into our errors. ``OSError`` passes, except for a missing bucket."""
        try:
            yield
        except Exception as error:
            raise explain(error, doing, path, self.address, self.options) from error


_processes: set[int] = set()
"""The process in which the library's threads run, once there is one. It has one runtime for all its stores."""


def _check_not_forked() -> None:
    _processes.add(os.getpid())
    if len(_processes) > 1:
        raise PlaceError(
            errno.ENOTSUP,
            "this process is a fork of one that used a bucket",
            "start it by spawn, or use no bucket before the fork",
        )


def _open_store(bucket: str, options: BucketOptions) -> S3Store:
    try:
        from obstore.store import S3Store
    except ImportError as error:
        missing = missing_error(S3, "obstore")
        raise PlaceError(errno.ENOSYS, missing.message, f"type: {missing.facts['command']}") from error
    limit = timedelta(seconds=options.timeout_s)
    return S3Store(
        bucket,
        **({"endpoint": options.endpoint} if options.endpoint else {}),  # type: ignore[arg-type]
        region=options.region,
        virtual_hosted_style_request=options.addressing == "virtual",
        checksum_algorithm="SHA256",
        client_options={
            "timeout": limit,
            "connect_timeout": timedelta(seconds=min(CONNECT_LIMIT_S, options.timeout_s)),
            "allow_http": options.endpoint.startswith("http://"),
        },
        retry_config={
            "max_retries": options.retries,
            "retry_timeout": limit * (options.retries + 1),
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=5),
                "base": 2,
            },
        },
    )
