"""Checks of notes for the faces. No store is needed. The caller says which storage directories are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from strandline.model.note_checks import CheckOptions, NoteCheck
from strandline.services.checking.check import Recall, check_path


def check_paths(
    paths: Iterable[str],
    options: CheckOptions,
    known_roots: Mapping[str, str] | None = None,
    recall: Recall = lambda _root: None,
) -> list[NoteCheck]:
    """Checks the notes at or below each path. Raises as :func:`~strandline.services.checking.check.check_path`."""
    return [check_path(path, options, known_roots or {}, recall) for path in paths]
