"""What a scan of a range of names found, as it is kept until all ranges are scanned. Pure.

It concludes nothing: that an image is gone is for the last step to decide, which sees all of them (SPEC §25).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, field, fields

from strandline.model.image_ids import ImageId
from strandline.model.reports import Finding, ScanReport
from strandline.model.values import dataclass

FINDINGS_KEPT = 100
"""Of each part. They are told again by every scan."""

_SUMS = ("added", "changed", "returned", "unchanged", "placeholders_unparsed", "temporaries", "strays")


@dataclass(slots=True)
class ScanPart:
    """One range."""

    listed: int = 0
    added: int = 0
    changed: int = 0
    returned: int = 0
    unchanged: int = 0
    placeholders_unparsed: int = 0
    temporaries: int = 0
    strays: int = 0
    gone: list[str] = field(default_factory=list)
    """Known names that were not listed, and that the place said do not exist."""
    conflict_copies: list[str] = field(default_factory=list)
    findings: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)

    def to_text(self) -> str:
        """What :func:`parse_scan_part` reads."""
        return json.dumps(asdict(self))


_NAMES = tuple(each.name for each in fields(ScanPart))


def parse_scan_part(text: str) -> ScanPart:
    """The part that was written as this text. What only a newer program tells of it is passed over."""
    told = json.loads(text)
    return ScanPart(**{name: told[name] for name in _NAMES if name in told})


def describe_part(report: ScanReport, listed: int, gone: list[str], conflict_copies: list[str]) -> ScanPart:
    """The part that a report tells of."""
    return ScanPart(
        listed=listed,
        **{name: getattr(report, name) for name in _SUMS},
        gone=gone,
        conflict_copies=conflict_copies,
        findings=[
            (each.kind, each.message, each.filename, each.image_id)
            for each in report.findings[:FINDINGS_KEPT]
        ],
    )


def add_up(report: ScanReport, parts: Iterable[ScanPart]) -> None:
    """Adds the numbers and findings of all parts to the report of the whole scan."""
    for part in parts:
        for name in _SUMS:
            setattr(report, name, getattr(report, name) + getattr(part, name))
        report.conflict_copies += len(part.conflict_copies)
        report.findings += [
            Finding(kind, message, filename, None if image_id is None else ImageId(image_id))
            for kind, message, filename, image_id, *_ in part.findings
        ]
