"""The findings of a check while it runs: counted, graded, and with paths relative to the checked folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

from strandline.model.note_checks import (
    NEEDED_COMPLETE,
    SEVERITIES,
    Finding,
    FindingKind,
    NotChecked,
    Severity,
    UnreadNote,
)
from strandline.notes.references import Reference


class Collected:
    """What was found so far.

    Args:
        base: The checked folder, relative to the root, with ``/``; ``.`` for the root itself.
        complete: What is still arriving, or in the cloud, is an error.
    """

    def __init__(self, base: str, *, complete: bool) -> None:
        self._base = base
        self._complete = complete
        self._counts: Counter[str] = Counter()
        self._unread: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.references = 0

    def note_reference(self) -> None:
        """One more reference was looked at."""
        self.references += 1

    def note_found(self) -> None:
        """The reference leads to a whole picture."""
        self._counts["found"] += 1

    def note_silenced(self) -> None:
        """There is a finding about the reference, and nobody wants to hear it."""
        self._counts["silenced"] += 1

    def note_remote(self) -> None:
        """The reference leads to the web."""
        self._counts["remote"] += 1

    def note_unread(self, path: str, why: str) -> None:
        """A note, or a folder (with ``/`` at its end), could not be read, so what it refers to is unknown."""
        self._unread[path] = why

    @property
    def is_all_known(self) -> bool:
        """Whether everything could be read."""
        return not self._unread

    @property
    def unread(self) -> tuple[UnreadNote, ...]:
        """What could not be read, by path."""
        return tuple(UnreadNote(self.say_path(path), why) for path, why in sorted(self._unread.items()))

    @property
    def counts(self) -> dict[str, int]:
        """References that were found or silenced, and the findings of each kind."""
        names = ("found", *(kind.value for kind in FindingKind), "silenced")
        return {name: self._counts[name] for name in names}

    @property
    def not_checked(self) -> NotChecked:
        """References that nobody can judge from here."""
        return NotChecked(self._counts["remote"], self._counts[FindingKind.OUTSIDE.value])

    def add(
        self,
        kind: FindingKind,
        message: str,
        path: str | None,
        candidates: Sequence[str] = (),
        note: str | None = None,
        reference: Reference | None = None,
    ) -> None:
        """Adds a finding about a picture, a reference, or both. Paths are relative to the root."""
        self._counts[kind.value] += 1
        is_needed = self._complete and kind in NEEDED_COMPLETE
        self.findings.append(
            Finding(
                kind=kind,
                severity=Severity.ERROR if is_needed else SEVERITIES[kind],
                note=None if note is None else self.say_path(note),
                line=reference.line if reference else None,
                column=reference.column if reference else None,
                target=reference.target if reference else None,
                file=None if path is None else self.say_path(path),
                candidates=tuple(map(self.say_path, candidates)),
                message=message,
            )
        )

    def say_path(self, path: str) -> str:
        """The path relative to the checked folder."""
        if self._base == ".":
            return path
        prefix = f"{self._base}/"
        return path.removeprefix(prefix) if path.startswith(prefix) else _relate(path, self._base)


def _relate(path: str, base: str) -> str:
    return os.path.relpath(f"/{path}", f"/{base}").replace(os.sep, "/")
