"""The sections of the settings: what a user may change, with the default, the bounds, and what it means.

The check of a text says what to give instead, or None if the text is fine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field
from typing import TypeVar

from strandline.errors import InvalidPathError
from strandline.model import defaults
from strandline.model.buckets import MAX_TRASH_PREFIX_BYTES, BucketOptions, is_plain_key, parse_bucket_address
from strandline.model.defaults import MAX_PORT
from strandline.model.log_levels import LOG_LEVELS
from strandline.model.values import dataclass

_V = TypeVar("_V", int, float, str)

_GIB = 1 << 30

_S3 = BucketOptions()

SIGN_IN, OPEN_ON_LOOPBACK = AUTH_KINDS = ("sign-in", "open-on-loopback")
"""Who gets in: those who have signed in, or on a loopback address every user of the machine."""

ROLES = ("read", "write", "admin")
"""Of :class:`~strandline.model.access.Role`, whose module needs what most starts do not."""

REFUSE, ALLOW = PRIVATE_ADDRESSES = ("refuse", "allow")
"""What happens to addresses in private networks."""

_CENTURY_DAYS = 36_500
"""A journal that is meant to last forever. A time that many days ago can still be written as a date."""


_ORIGIN = r"[a-z][a-z0-9+.-]*://[a-z0-9.:\[\]-]+"
"""Scheme, host, and optional port, in lower case and without a path, as browsers send it."""


def find_fault_in_markdown(template: str) -> str | None:
    """A template for the Markdown of an image."""
    try:
        filled = template.format(stem="", filename="<filename>")
    except (ValueError, LookupError, AttributeError):
        filled = ""
    return None if "<filename>" in filled else "a text with {filename}, perhaps {stem}, and no other braces"


def one_of(*texts: str) -> Callable[[str], str | None]:
    """A check for one of these texts."""
    return lambda text: None if text in texts else f"one of {', '.join(texts)}"


def find_fault_in_origins(text: str) -> str | None:
    """Origins of other pages."""
    are_origins = all(re.fullmatch(_ORIGIN, origin) for origin in text.split())
    return None if are_origins else "origins such as https://example.org:8443, separated by blanks"


def find_fault_in_networks(text: str) -> str | None:
    """Addresses and networks, but not all of them."""
    import ipaddress  # here: few servers have a proxy elsewhere

    wanted = "addresses or networks such as 10.0.0.5 or 10.1.0.0/24, separated by blanks, and not everybody's"
    try:
        networks = [ipaddress.ip_network(each, strict=False) for each in text.split()]
    except ValueError:
        return wanted
    return wanted if any(network.prefixlen == 0 for network in networks) else None


NOT_FOR_USERS = frozenset({"authorization", "cookie", "host", "origin", "referer", "x-forwarded-for"})


def find_fault_in_header(text: str) -> str | None:
    """The name of a header of its own."""
    is_name = not text or re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,99}", text)
    return (
        None
        if is_name and text.lower() not in NOT_FOR_USERS
        else "the name of a header, such as X-Remote-User"
    )


def find_fault_in_public_url(text: str) -> str | None:
    """The address of a server that has a proxy in front of it."""
    from strandline.model.public_address import find_public_address  # here: few servers have one

    is_url = find_public_address(text) is not None
    return None if is_url else "an address such as https://pics.lan/ or https://example.org/pics/"


def find_fault_in_catalog_url(text: str) -> str | None:
    """The address of a shared catalog. A password in it would be shown by `config show`."""
    wanted = "an address such as postgresql://user@host/database"
    if not text:
        return None
    if not text.startswith(("postgresql://", "postgres://")):
        return wanted
    from strandline.model.addresses import has_password  # here: most homes have a catalog of their own

    if has_password(text):
        return f"{wanted}, without a password: that stands in ~/.pgpass or PGPASSWORD"
    return None


def find_fault_in_base_path(text: str) -> str | None:
    """The path below which a proxy shows the server."""
    from strandline.model.public_address import find_base_path  # here: few servers have one

    is_path = find_base_path(text) is not None
    return None if is_path else "a path such as /pics/, made of letters, digits, '.', '_', '~', and '-'"


def find_fault_in_endpoint(text: str) -> str | None:
    """The address of an object store, without a user's name in it."""
    is_address = not text or re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?", text)
    return None if is_address else "an address such as https://s3.example.org or http://127.0.0.1:8333"


def find_fault_in_trash_prefix(text: str) -> str | None:
    """A prefix that no storage directory shows."""
    is_prefix = text.startswith(".") and is_plain_key(text) and len(text.encode()) <= MAX_TRASH_PREFIX_BYTES
    return (
        None
        if is_prefix
        else "a prefix that begins with a dot, such as .strandline-trash, without / at its end"
    )


def find_fault_in_shared_place(text: str) -> str | None:
    """A prefix in a bucket, in the form that is compared with others."""
    try:
        place = parse_bucket_address(text) if text else None
        is_place = place is None or (place.text == text and bool(place.prefix))
    except InvalidPathError:
        is_place = False
    return None if is_place else "a place in a bucket such as s3://pictures/thumbnails, without / at its end"


def find_fault_in_region(text: str) -> str | None:
    """The name of a region."""
    return None if re.fullmatch(r"[A-Za-z0-9-]{1,63}", text) else "the name of a region, such as eu-central-1"


def _setting(
    default: _V,
    description: str,
    *,
    at_least: float = 1,
    at_most: float | None = None,
    find_fault: Callable[[str], str | None] = lambda _: None,
) -> _V:
    """A field of a section. It has the type of its default. A number must be from ``at_least`` to ``at_most``."""
    return field(
        default=default,
        metadata={
            "description": description,
            "at_least": at_least,
            "at_most": at_most,
            "find_fault": find_fault,
        },
    )


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """The database: this machine's own, or one that many share."""

    busy_timeout_s: float = _setting(
        5.0, "How long to wait while another process writes to the catalog.", at_least=0
    )
    url: str = _setting(
        "",
        "The database of a catalog that many machines share: `postgresql://user@host/database`. Without it, the "
        "catalog is this machine's own, in the home; with it, `--local` uses that. A password stands in `~/.pgpass` "
        "or `PGPASSWORD`.",
        find_fault=find_fault_in_catalog_url,
    )
    pool: int = _setting(8, "The most connections that one program makes to a shared catalog.", at_most=1000)


@dataclass(frozen=True, slots=True)
class SaveSettings:
    """Saving images."""

    max_bytes: int = _setting(defaults.MAX_IMAGE_BYTES, "The largest image that is saved.")
    markdown: str = _setting(
        defaults.MARKDOWN,
        "The Markdown that `save` prints. `{stem}` is the original file name without its extension, "
        "`{filename}` the name in the media folder.",
        find_fault=find_fault_in_markdown,
    )


@dataclass(frozen=True, slots=True)
class ImportsSettings:
    """Importing pictures."""

    max_archive_bytes: int = _setting(
        defaults.MAX_ARCHIVE_BYTES, "What all of a ZIP archive may unpack to. A larger one is refused."
    )
    fetch_timeout_s: float = _setting(
        defaults.DOWNLOAD_TIMEOUT_S, "The time limit for one picture at an address."
    )
    private_addresses: str = _setting(
        REFUSE,
        "Whether pictures may be fetched from private networks and this machine: `refuse` or `allow`. "
        "Somebody who has an address imported could otherwise make this machine ask a router or a printer.",
        find_fault=one_of(*PRIVATE_ADDRESSES),
    )


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Listing media folders."""

    batch_files: int = _setting(
        defaults.SCAN_BATCH_FILES,
        "Files recorded in one transaction. Larger is faster; a scan is cancelled between batches.",
    )
    periodic_s: float = _setting(300.0, "Time between two scans of a watched storage directory.")


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """Watching storage directories."""

    poll_interval_s: float = _setting(
        defaults.POLL_INTERVAL_S,
        "Time between two looks if the system does not report changes (a network drive).",
        at_least=0.1,
    )
    verify_bytes_per_hour: int = _setting(
        20 * _GIB, "How much the background verifier may read in an hour. 0 turns it off.", at_least=0
    )
    verify_again_days: int = _setting(
        30,
        "After how many days the background verifier reads an image again. 0: never.",
        at_least=0,
        at_most=_CENTURY_DAYS,
    )


@dataclass(frozen=True, slots=True)
class PicturesSettings:
    """Decoding pictures and making thumbnails."""

    max_pixels: int = _setting(defaults.MAX_PIXELS, "Pictures with more pixels than this are not decoded.")
    thumbnail_cache_bytes: int = _setting(
        2 * _GIB, "Disk space for thumbnails and converted pictures. 0 keeps none.", at_least=0
    )
    decode_timeout_s: float = _setting(defaults.DECODE_TIMEOUT_S, "The time limit for decoding one picture.")
    shared_thumbnails: str = _setting(
        "",
        "A place in a bucket (`s3://bucket/prefix`), outside of every storage directory, where machines share the "
        "thumbnails that pages show. Empty: each machine makes its own.",
        find_fault=find_fault_in_shared_place,
    )


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """Reading images."""

    max_memory_bytes: int = _setting(
        defaults.MAX_MEMORY_BYTES,
        "Larger images are proven through a temporary file instead of memory.",
        at_least=0,
    )
    fetch_timeout_s: float = _setting(
        defaults.FETCH_TIMEOUT_S,
        "How long to wait while a share or cloud fetches an image's bytes or the names in a folder.",
    )
    io_timeout_s: float = _setting(
        defaults.IO_TIMEOUT_S,
        "A storage directory whose disk does not answer for this long is offline.",
        at_least=0.1,
    )


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """The journal of events."""

    max_events: int = _setting(defaults.JOURNAL_MAX_EVENTS, "Older events are dropped.")
    max_days: int = _setting(
        defaults.JOURNAL_MAX_DAYS, "Events older than this are dropped.", at_most=_CENTURY_DAYS
    )


@dataclass(frozen=True, slots=True)
class TrashSettings:
    """The trash for deleted images."""

    max_bytes: int = _setting(
        defaults.TRASH_MAX_BYTES,
        "How much the trash may hold. If a deleted image would exceed it, it is refused. Damaged files that are "
        "replaced are kept even so.",
        at_least=0,
    )
    grace_days: int = _setting(
        defaults.TRASH_GRACE_DAYS,
        "For how long nothing leaves the trash.",
        at_least=0,
        at_most=_CENTURY_DAYS,
    )


@dataclass(frozen=True, slots=True)
class S3Settings:
    """Buckets. Credentials are never settings: they come from the environment."""

    endpoint: str = _setting(
        "",
        "The address of the object store: `https://s3.example.org`. Empty: that of AWS for the region.",
        find_fault=find_fault_in_endpoint,
    )
    region: str = _setting(
        _S3.region, "The region that requests are signed for.", find_fault=find_fault_in_region
    )
    addressing: str = _setting(
        _S3.addressing,
        "Where the name of the bucket stands: `path` (`https://endpoint/bucket`) or `virtual` "
        "(`https://bucket.endpoint`).",
        find_fault=one_of("path", "virtual"),
    )
    timeout_s: float = _setting(_S3.timeout_s, "The time limit for one request to a bucket.", at_least=0.1)
    retries: int = _setting(
        _S3.retries,
        "How often a request is repeated that got no answer, or a server error.",
        at_least=0,
        at_most=20,
    )
    redirect_to: str = _setting(
        _S3.redirect_to,
        "The address at which people and programs reach the object store (`https://s3.example.org`). With it, `/i/` "
        "sends programs there for images in a bucket that keeps versions. Empty: all bytes go through the server.",
        find_fault=find_fault_in_endpoint,
    )
    redirect_s: int = _setting(
        _S3.redirect_s, "For how long such an address works, for everybody who has it.", at_most=3600
    )
    trash_prefix: str = _setting(
        _S3.trash_prefix,
        "What the keys begin with under which a bucket keeps what was replaced in it. It must be the same on all "
        "machines that share a bucket, and outside of every storage directory.",
        find_fault=find_fault_in_trash_prefix,
    )


@dataclass(frozen=True, slots=True)
class WorkSettings:
    """Work that machines with a shared catalog do together."""

    concurrency: int = _setting(
        2, "How many parts of the work one `strandline work` does at a time.", at_most=100
    )
    images_per_part: int = _setting(
        defaults.IMAGES_PER_PART,
        "How many images one part of the work has. What a killed worker did of a part is looked at again.",
        at_least=10,
        at_most=1_000_000,
    )
    stalled_after_s: float = _setting(
        30.0,
        "A worker that said nothing for so long is taken for dead: others do what it was doing.",
        at_least=1,
    )
    scan_every_s: float = _setting(
        3600.0,
        "Time between two scans of a storage directory that workers make. 0: only when somebody asks.",
        at_least=0,
    )
    verify_again_days: int = _setting(
        0,
        "After how many days workers read an image again. 0: only when somebody asks, because reading buckets may "
        "cost money.",
        at_least=0,
        at_most=_CENTURY_DAYS,
    )


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The server for browsers and other programs."""

    host: str = _setting(
        "127.0.0.1",
        "The address that `serve` listens on. If it is not a loopback address, others can reach the server.",
    )
    port: int = _setting(
        8484, "The port that `serve` listens on. 0 takes a free one.", at_least=0, at_most=MAX_PORT
    )
    auth: str = _setting(
        SIGN_IN,
        "Who gets in: `sign-in` (those who have signed in, or have the token) or `open-on-loopback` (on a loopback "
        "address also every program and every user of this machine, and everybody whom a proxy on it lets through).",
        find_fault=one_of(*AUTH_KINDS),
    )
    public_url: str = _setting(
        "",
        "The address at which people open the server through a proxy: `https://pics.lan/`, or with a base path "
        "`https://example.org/pics/`. docs/howto/reverse-proxy.md says what follows from it.",
        find_fault=find_fault_in_public_url,
    )
    base_path: str = _setting(
        "",
        "The path below which a proxy shows the server, if `web.public_url` does not say it: `/pics/`.",
        find_fault=find_fault_in_base_path,
    )
    allow_hosts: str = _setting(
        "",
        "More host names that the server answers to, separated by spaces: `box.lan box.lan:8484`.",
    )
    allow_origins: str = _setting(
        "",
        "More origins whose pages may read and write, separated by spaces: `http://localhost:3000`.",
        find_fault=find_fault_in_origins,
    )
    trusted_proxies: str = _setting(
        "",
        "Addresses and networks of proxies that are believed, separated by spaces: `10.0.0.5 10.1.0.0/24`. They say "
        "who asks (`web.user_header`) and from where (`X-Forwarded-For`).",
        find_fault=find_fault_in_networks,
    )
    user_header: str = _setting(
        "",
        "The header in which a proxy that signs people in names the user: `X-Remote-User`. It counts only from "
        "`web.trusted_proxies`, which must remove it from what others send.",
        find_fault=find_fault_in_header,
    )
    user_role: str = _setting(
        "read",
        "The role of the users that a proxy names: `read`, `write`, or `admin`.",
        find_fault=one_of(*ROLES),
    )
    admin_users: str = _setting(
        "", "The users among them who have the role `admin`, separated by spaces: `ada grace@example.org`."
    )


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The log of the commands that run for long."""

    level: str = _setting(
        "warning",
        "What `serve` and `watch` log on stderr: `error`, `warning` (what you should look at), `info` (each event), "
        "or `debug`.",
        find_fault=one_of(*LOG_LEVELS),
    )
