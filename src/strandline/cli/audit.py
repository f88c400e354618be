"""``strandline audit``: who changed what through the servers of this catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from strandline.cli.lazy_commands import Verb
from strandline.cli.numbers import WholeNumber
from strandline.cli.session import Session
from strandline.cli.tables import Column, show_table
from strandline.cli.wording import say_moment
from strandline.model.amounts import find_begin, parse_age
from strandline.model.plain_words import show_plainly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strandline.model.audit import AuditLine

MOST_LINES = 100_000


@click.command("audit", cls=Verb)
@click.option("--since", metavar="AGE", help="Only the last 12h, 30d, or 2w.")
@click.option(
    "--limit",
    type=WholeNumber(1, MOST_LINES),
    default=100,
    metavar="N",
    help="At most so many; 100 by default.",
)
@click.pass_obj
def audit(session: Session, since: str | None, limit: int) -> None:
    """List who changed what through a server.

    Newest first: when, who, from where, the status of the answer, what was asked, and about which folders and images.
    What is done on this command line is not in it. The last 100,000 lines are kept.
    """
    with session.open_store() as store:
        begin = None if since is None else find_begin(parse_age(since), store.now())
        lines = store.audit.list_newest(since=begin, limit=limit)
    session.answer({"audit": [line.to_json() for line in lines]}, lambda: _show(lines))


def _show(lines: Sequence[AuditLine]) -> None:
    names = ("when", "who", "from", "status", "what", "folders", "images")
    show_table(
        [Column(name) for name in names],
        [
            (
                say_moment(line.at),
                show_plainly(line.who),
                show_plainly(line.address),
                str(line.status),
                show_plainly(line.action),
                ", ".join(map(show_plainly, line.folders)),
                _say_images(line),
            )
            for line in lines
        ],
    )


def _say_images(line: AuditLine) -> str:
    shown = " ".join(line.images[:3])
    more = line.image_count - len(line.images[:3])
    return f"{shown} and {more:,} more" if more > 0 else shown
