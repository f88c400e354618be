"""Schemas: the shapes of answers, for the OpenAPI document. They only describe; no answer is validated.

The library's reports make the JSON themselves (``as_json``). Every answer has all fields, so all are required, even
those that may be null. The property tests check every answer against these schemas.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """An object with exactly these keys."""

    model_config = ConfigDict(extra="forbid")


class Identity(Shape):
    """How the identity of a storage directory was decided."""

    outcome: str
    migrated: bool
    generated: bool
    had_conflict: bool
    aliases: list[str]
    warnings: list[str]


class Ignored(Shape):
    """Entries of a media folder that are no images."""

    conflict_copies: int
    placeholders_unparsed: int
    temporaries: int
    strays: int


class Finding(Shape):
    """Something is wrong, and what to do about it."""

    kind: str
    message: str
    filename: str | None
    image_id: str | None


class ScanReport(Shape):
    """What a scan did."""

    sd_id: str | None
    name: str
    state: str
    added: int
    changed: int
    absent: int
    missing: int
    returned: int
    unchanged: int
    arriving: int
    ignored: Ignored
    findings: list[Finding]
    seconds: float
    cancelled: bool


class Error(BaseModel):
    """An error, as on the command line."""

    model_config = ConfigDict(extra="allow")

    code: str
    message: str


class Scan(Shape):
    """A requested scan."""

    id: str
    sd_id: str | None
    name: str
    state: str
    done: int
    total: int
    started_at: str
    report: ScanReport | None
    error: Error | None


class PlainStorageDir(Shape):
    """A storage directory."""

    sd_id: str | None
    name: str
    path: str
    state: str
    read_only: bool
    provisional: bool
    aliases: list[str]
    problem: str | None


class StorageDir(PlainStorageDir):
    """A storage directory with its numbers."""

    images: int
    arriving: int
    noteworthy: int
    scanning: Scan | None


class StorageDirs(Shape):
    """All storage directories."""

    sds: list[StorageDir]


class OneStorageDir(Shape):
    """One storage directory."""

    sd: StorageDir


class Added(Shape):
    """The result of adding. ``scan`` is null if the folder could not be scanned yet, or its scan is still running."""

    sd: PlainStorageDir
    identity: Identity
    scan: ScanReport | None


class Dropped(Shape):
    """How many were dropped."""

    dropped: int


class ImageFile(Shape):
    """One file of an image."""

    sd_id: str | None
    sd_name: str
    sd_state: str
    filename: str
    media_type: str
    state: str
    proven: bool
    proof: str | None
    whole: bool | None
    size_bytes: int | None
    first_seen: str
    unchanged_since: str
    absent_since: str | None


class Image(Shape):
    """What is known about an image, best file first."""

    image_id: str
    media_type: str
    width: int | None
    height: int | None
    size_bytes: int | None
    whole: bool | None
    taken_at: str | None
    original_name: str | None
    names: list[str]
    files: list[ImageFile]


class Urls(Shape):
    """The URLs of its bytes."""

    bytes: str
    thumbnail: str


class ImageDetails(Image):
    """The same, with more for a page."""

    markdown: str
    urls: Urls


class Images(Shape):
    """A page of images, newest first."""

    images: list[Image]
    total: int
    next: str | None


class Month(Shape):
    """How many images a month has."""

    month: str
    count: int


class Months(Shape):
    """All months, newest first. ``fresh`` is false while a new count is running."""

    months: list[Month]
    total: int
    version: str
    fresh: bool


class Files(Shape):
    """All files of an image."""

    files: list[ImageFile]


class DataUrl(Shape):
    """An image as a ``data:`` URL."""

    data_url: str


class Saved(Shape):
    """A saved image. ``new`` is false if it was there already, ``whole`` if the bytes are not a whole image."""

    image_id: str
    filename: str
    media_type: str
    size_bytes: int
    new: bool
    markdown: str
    source: str
    whole: bool


class Failed(Shape):
    """A file that could not be saved, and why."""

    source: str
    code: str
    message: str


class Upload(Shape):
    """The results for the uploaded files."""

    saved: list[Saved]
    failed: list[Failed]


class DiskFact(Shape):
    """What the disk shows about one file."""

    filename: str
    what: str
    size_bytes: int | None
    message: str


class Trace(Shape):
    """What one storage directory shows about an image."""

    sd_id: str | None
    name: str
    path: str
    state: str
    problem: str | None
    catalog: list[ImageFile]
    disk: list[DiskFact]


class Explanation(Shape):
    """Why an image is shown or not."""

    image_id: str
    verdict: str
    summary: str
    sds: list[Trace]
    next: str | None


class OneScan(Shape):
    """One scan."""

    scan: Scan


class Scans(Shape):
    """Scans, newest first."""

    scans: list[Scan]


class StartedScans(Shape):
    """The first started scan, and all of them."""

    scan: Scan | None
    scans: list[Scan]


class Event(BaseModel):
    """Something happened. docs/reference/events.md lists the facts of each type."""

    model_config = ConfigDict(extra="allow")

    seq: int | None
    at: str
    type: str
    sd_id: str | None


class Journal(Shape):
    """Events, newest first. ``next`` is the ``before`` of the next page; null at the end."""

    events: list[Event]
    next: int | None


class Check(Shape):
    """One health check."""

    name: str
    ok: bool
    message: str
    remedy: str | None


class Health(Shape):
    """Whether this machine is healthy."""

    checks: list[Check]
