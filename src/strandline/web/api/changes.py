"""What resources that change or remove files have in common."""

from __future__ import annotations

from starlette.responses import Response

from strandline.web.answers import answer
from strandline.web.api import schemas
from strandline.web.problems import answer_error

MOST_AT_ONCE = 1000
"""As many as one page of a listing has."""


def answer_changes(
    changes: schemas.Changes | schemas.Deletion | schemas.Copying | schemas.Moving,
) -> Response:
    """200 if something was done, or would be, or nothing was refused; otherwise the problem of the first refusal."""
    report = changes.report
    if not report.refused or (report.possible if changes.dry_run else report.done):
        return answer(changes)
    return answer_error(report.refused[0].error, **changes.to_json())
