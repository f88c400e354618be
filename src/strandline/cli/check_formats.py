"""The answer of ``check`` for other programs: annotations of GitHub Actions, and SARIF for code scanning."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from strandline import __version__
from strandline.cli.check_text import shown_path
from strandline.cli.writing import write_json, write_line
from strandline.model.note_checks import Finding, FindingKind, NoteCheck, Severity
from strandline.model.plain_words import show_plainly

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def _iter_findings(checks: Sequence[NoteCheck]) -> Iterator[tuple[str, Finding]]:
    """Each finding with the path of its file. What is outside concerns nobody."""
    for check in checks:
        for finding in check.findings:
            if finding.kind is not FindingKind.OUTSIDE:
                path = shown_path(check.base, finding.note or finding.file or "").replace(os.sep, "/")
                yield path, finding


def _say(finding: Finding) -> str:
    return f"{finding.target}: {finding.message}" if finding.target is not None else finding.message


def write_github(checks: Sequence[NoteCheck]) -> None:
    """One workflow command per finding. A pull request shows it beside the line."""
    for path, finding in _iter_findings(checks):
        facts = {"file": path, "line": finding.line, "col": finding.column, "title": finding.kind.value}
        listed = ",".join(
            f"{key}={_escape(str(value), property=True)}" for key, value in facts.items() if value
        )
        write_line(f"::{_COMMANDS[finding.severity]} {listed}::{_escape(_say(finding))}")


def _escape(text: str, *, property: bool = False) -> str:
    escaped = show_plainly(text).replace("%", "%25")
    return escaped.replace(":", "%3A").replace(",", "%2C") if property else escaped


def write_sarif(checks: Sequence[NoteCheck]) -> None:
    """One document in SARIF 2.1.0."""
    results = [_make_result(path, finding) for path, finding in _iter_findings(checks)]
    rules = [{"id": kind.value} for kind in FindingKind if kind is not FindingKind.OUTSIDE]
    driver = {"name": "strandline", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    write_json(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [run],
        }
    )


def _make_result(path: str, finding: Finding) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": quote(path, errors="surrogateescape")}}
    if finding.line is not None:
        place["region"] = {"startLine": finding.line, "startColumn": finding.column}
    return {
        "ruleId": finding.kind.value,
        "level": finding.severity.value,
        "message": {"text": show_plainly(_say(finding))},
        "locations": [{"physicalLocation": place}],
    }
