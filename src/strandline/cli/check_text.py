"""The answer of ``check`` for people: one line per finding, where it is first, and a summary that adds up."""

from __future__ import annotations

import os
from collections.abc import Sequence

from strandline.cli.wording import say_list
from strandline.cli.writing import paint, write_line
from strandline.model.moved_folders import LEAST
from strandline.model.note_checks import (
    KIND_WORDS,
    MADE_BY_PROGRAM,
    Finding,
    FindingKind,
    MovedFolder,
    NoteCheck,
    Severity,
)
from strandline.model.plain_words import say_count, show_plainly
from strandline.model.remedies import say_command

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def show_checks(checks: Sequence[NoteCheck]) -> None:
    """Writes the answers. What is outside is only counted: nobody can do anything about it here."""
    for number, check in enumerate(checks):
        if number:
            write_line()
        _show(check)


def _show(check: NoteCheck) -> None:
    grouped: set[Finding] = set()
    for folder in check.moved:
        left = [finding for finding in check.findings if finding in folder.findings]
        if len(left) >= LEAST:
            grouped.update(left)
            write_line(_say_moved(check.base, folder, left))
    for finding in check.findings:
        if finding.kind is not FindingKind.OUTSIDE and finding not in grouped:
            write_line(_say_finding(check.base, finding))
    for unread in check.unread:
        write_line(
            f"{show_plainly(shown_path(check.base, unread.path))}: not read: {show_plainly(unread.reason)}"
        )
    name = os.path.basename(check.path) or check.path
    facts = [
        say_count(check.notes, "note"),
        say_count(check.images, "picture"),
        say_count(check.references, "reference"),
        check.profile_title,
    ]
    write_line(f"{show_plainly(name)}: {', '.join(facts)}")
    write_line(_say_result(check))


def _say_finding(base: str, finding: Finding) -> str:
    kind = paint(str(finding.kind.value), _COLOURS[finding.severity])
    if finding.note is None:
        return (
            f"{show_plainly(shown_path(base, finding.file or ''))}: {kind}: {show_plainly(finding.message)}"
        )
    place = f"{show_plainly(shown_path(base, finding.note))}:{finding.line}:{finding.column}"
    return f"{place}: {kind}: {show_plainly(finding.target)} ({show_plainly(finding.message)})"


def _say_moved(base: str, folder: MovedFolder, findings: Sequence[Finding]) -> str:
    """One line for all that has one cause."""
    kind = paint(findings[0].kind.value, _COLOURS[findings[0].severity])
    notes = len({finding.note for finding in findings})
    count = f"{say_count(len(findings), 'reference')} in {say_count(notes, 'note')}"
    old = show_plainly(shown_path(base, folder.old))
    return f"{old}/: {kind}: {count} ({show_plainly(folder.message)}; --json has each)"


def shown_path(base: str, path: str) -> str:
    """A path of a finding as an editor in the current folder finds it."""
    whole = os.path.normpath(os.path.join(base, path))
    try:
        relative = os.path.relpath(whole)
    except ValueError:  # another drive
        return whole
    return whole if relative.startswith(os.pardir) else relative


def _say_result(check: NoteCheck) -> str:
    found = [
        f"{check.counts[kind]:,} {KIND_WORDS[kind]}"
        for kind in FindingKind
        if kind is not FindingKind.OUTSIDE and check.counts[kind]
    ]
    if check.unread:
        found.append(f"{len(check.unread):,} not read, so what they refer to is unknown")
    if found:
        result = say_list(found)
    elif check.references:
        is_all_found = check.counts["found"] and not check.counts["silenced"]
        is_all_known = not check.not_checked.outside
        found_all = "every picture is there" if is_all_known else "nothing missing was found"
        result = found_all if is_all_found else "nothing else to say"
    else:
        result = "no note refers to a picture"
    unseen = []
    made = sum(
        finding.kind is FindingKind.OUTSIDE and finding.message.startswith(MADE_BY_PROGRAM)
        for finding in check.findings
    )
    if outside := check.not_checked.outside - made:
        unseen.append(f"{outside:,} outside this folder")
    if made:
        unseen.append(f"{made:,} with an address that a program makes")
    if check.not_checked.remote:
        unseen.append(f"{check.not_checked.remote:,} on the web")
    parts = [result]
    if unseen:
        number = check.not_checked.outside + check.not_checked.remote
        parts.append(f"{say_list(unseen)} {'was' if number == 1 else 'were'} not looked at")
    if silenced := check.counts["silenced"]:
        parts.append(f"{silenced:,} silenced")
    if check.counts[FindingKind.UNUSED] and check.sd_id is not None:
        parts.append(f"{say_command('unused')} also reads your other folders, and knows earlier names")
    return "; ".join(parts)
