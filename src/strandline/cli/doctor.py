"""``strandline doctor``: checks whether this machine is healthy."""

from __future__ import annotations

from collections.abc import Sequence

import click

from strandline.cli.exit_status import ExitStatus
from strandline.cli.lazy_commands import Verb
from strandline.cli.paragraphs import write_paragraph
from strandline.cli.session import Session
from strandline.cli.tables import Badge, Column, show_table
from strandline.cli.writing import write_line
from strandline.errors import CatalogAwayError, CatalogError, CatalogLockedError, DiskError
from strandline.model.reports import Check


@click.command("doctor", cls=Verb)
@click.pass_obj
def doctor(session: Session) -> int:
    """Check whether this machine is healthy.

    Checks the catalog, system limits, write access to storage directories, and the picture decoders. With a shared
    catalog or a bucket, also the servers, their clocks, the role, and the versions of other machines.
    """
    checks = _check(session)
    session.answer({"checks": [check.to_json() for check in checks]}, lambda: _show(checks))
    return ExitStatus.DONE if all(check.ok for check in checks) else ExitStatus.FINDINGS


def _check(session: Session) -> list[Check]:
    try:
        with session.open_store() as store:
            return store.check_health()
    except (
        CatalogError,
        CatalogAwayError,
        CatalogLockedError,
        DiskError,
    ) as error:  # which this command is for
        from strandline.runtime.health import check_machine

        return check_machine(error)


def _show(checks: Sequence[Check]) -> None:
    columns = [Column("", is_whole=True), Column("CHECK", is_whole=True), Column("RESULT")]
    show_table(columns, [(_badge_of(check), check.name, check.message) for check in checks])
    for check in checks:
        if check.remedy and not check.ok:
            write_line()
            write_paragraph(f"What to do about {check.name}: {check.remedy}")


def _badge_of(check: Check) -> Badge:
    return Badge("ok", "green") if check.ok else Badge("look", "red")
