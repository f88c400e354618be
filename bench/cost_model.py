"""What an organization pays for a bucket: requests, dollars, and hours, from the requests that the tests count.

``python -m bench.cost_model`` prints the table of docs/scale.md. Change the assumptions below, or give others:
``python -m bench.cost_model --images 50000000 --mean-bytes 4000000``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import NamedTuple

LISTED_PER_REQUEST = 1_000
"""Names in a page of a listing."""

GETS_PER_SCAN = 2
"""The identity, before and after a scan of a storage directory, or of one part of it."""

GETS_PER_PROOF = 1
"""All bytes, once. The same for reading an image again."""

DRAWING = {"GET": 1, "HEAD": 1, "PUT": 1}
"""Requests for each thumbnail that a worker makes."""

SHOWING = {"GET": 2, "HEAD": 1}
"""Requests for each image that is sent to somebody, and known."""

MOST_PER_SAVE = 25
"""All requests of a save together. One is a PUT, and the others cost as much as a GET or less."""

BYTES_PER_ROW = 1_000
"""Of the catalog with its indexes: the bound that docs/scale.md measures."""


@dataclass(frozen=True)
class Assumptions:
    """What the model takes for granted. Prices are in US dollars, bytes per second are of one worker."""

    images: int = 1_000_000_000
    mean_bytes: int = 2_000_000
    images_per_part: int = 10_000
    """Of a scan by workers: ``work.images_per_part``."""
    shown_per_month: int = 100_000_000
    saved_per_month: int = 10_000_000
    dollars_per_1000_lists: float = 0.005
    """And PUTs."""
    dollars_per_1000_gets: float = 0.0004
    """And HEADs."""
    dollars_per_gb_month: float = 0.021
    """Of storage, for so much of it."""
    pages_per_second: float = 8.0
    """Of a listing, one after another, within one part."""
    listings_at_once: int = 64
    bytes_per_second: float = 100e6
    """That one worker reads and hashes."""
    workers: int = 64


class Cost(NamedTuple):
    """What one piece of work costs."""

    work: str
    requests: int
    dollars: float
    hours: float | None
    """None if it is spread over the month."""


def list_costs(given: Assumptions) -> list[Cost]:
    """The work of the first month, and of each month. Pure."""
    parts = -(-given.images // given.images_per_part)
    pages = parts * -(-given.images_per_part // LISTED_PER_REQUEST)
    cheap, dear = given.dollars_per_1000_gets / 1_000, given.dollars_per_1000_lists / 1_000
    gets = GETS_PER_SCAN * parts
    listing = Cost(
        "list all of it: a scan", pages + gets, pages * dear + gets * cheap,
        pages / given.pages_per_second / given.listings_at_once / 3_600,
    )  # fmt: skip
    reading_h = given.images * given.mean_bytes / given.bytes_per_second / given.workers / 3_600
    reads = given.images * GETS_PER_PROOF
    shown = given.shown_per_month * sum(SHOWING.values())
    saved = given.saved_per_month
    return [
        listing,
        Cost("prove all of it, once", reads, reads * cheap, reading_h),
        Cost(
            "make thumbnails of all of it, once", given.images * sum(DRAWING.values()),
            given.images * (dear * DRAWING["PUT"] + cheap * (DRAWING["GET"] + DRAWING["HEAD"])), None,
        ),
        Cost("a scan each day, for a month", 30 * listing.requests, 30 * listing.dollars, None),
        Cost("read all of it again, each month", reads, reads * cheap, reading_h),
        Cost(f"show {given.shown_per_month:,} images a month", shown, shown * cheap, None),
        Cost(
            f"save {saved:,} images a month, at most", saved * MOST_PER_SAVE,
            saved * (dear + (MOST_PER_SAVE - 1) * cheap), None,
        ),
        Cost("store it for a month", 0, given.images * given.mean_bytes / 1e9 * given.dollars_per_gb_month, None),
    ]  # fmt: skip


def format_costs(given: Assumptions) -> str:
    """The table, in Markdown."""
    lines = [
        f"| what, for {given.images:,} images of {given.mean_bytes / 1e6:g} MB | requests | dollars | hours |",
        "|---|---|---|---|",
    ]
    for each in list_costs(given):
        hours = "–" if each.hours is None else f"{each.hours:,.1f}"
        lines.append(f"| {each.work} | {each.requests:,} | {each.dollars:,.2f} | {hours} |")
    lines.append(f"| the catalog | – | {given.images * BYTES_PER_ROW / 1e9:,.0f} GB of a fast disk | – |")
    return "\n".join(lines)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in vars(Assumptions()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    print(format_costs(replace(Assumptions(), **vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
