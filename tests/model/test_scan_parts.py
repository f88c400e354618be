"""What a part of a scan found, as text that workers of several versions read."""

from __future__ import annotations

import json

from builders.reports import make_storage_dir
from strandline.model.reports import ScanReport
from strandline.model.scan_parts import ScanPart, add_up, parse_scan_part


def test_it_is_read_as_it_was_written() -> None:
    """Also what an older program wrote, which knew less."""
    part = ScanPart(listed=3, added=2, gone=["media/a.png"], findings=[("stray", "what", None, None)])
    assert parse_scan_part(part.to_text()).gone == part.gone
    assert parse_scan_part('{"listed": 3}') == ScanPart(listed=3)


def test_what_only_a_newer_worker_tells_is_passed_over() -> None:
    """While machines are upgraded, an older one may make the last step of a scan whose parts newer ones did."""
    told = json.loads(ScanPart(listed=3, added=2, findings=[("stray", "what", None, None)]).to_text())
    told["findings"][0].append("more")
    part = parse_scan_part(json.dumps({**told, "later": [1]}))
    assert (part.listed, part.added) == (3, 2)
    report = ScanReport(make_storage_dir())
    add_up(report, [part, part])
    assert (report.added, [each.message for each in report.findings]) == (4, ["what"] * 2)
