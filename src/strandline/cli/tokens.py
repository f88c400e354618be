"""``strandline token create``, ``list``, and ``revoke``: who else may use the server, and for what.

They are in the catalog, so they count on every server of it. The token of the home, which :mod:`~.sign_in` shows, is
not one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import list_sd_completions
from strandline.cli.lazy_commands import Verb
from strandline.cli.session import Session
from strandline.cli.tables import Column, show_table
from strandline.cli.wording import say_moment
from strandline.cli.writing import say, write_line
from strandline.model.access import Role, parse_expiry
from strandline.model.plain_words import show_plainly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from strandline.model.access import AccessToken


@click.command("create", cls=Verb)
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.READ.value,
    metavar="ROLE",
    help="read, which is the default, write, or admin.",
)
@click.option(
    "--sd",
    "sds",
    metavar="SD",
    multiple=True,
    shell_complete=list_sd_completions,
    help="For this storage directory only; can be given more than once.",
)
@click.option("--note", metavar="TEXT", help="What it is for; shown in lists and in the audit.")
@click.option(
    "--expires", metavar="DATE", help="A day in UTC (2027-01-31), a time with its zone, or an age (90d)."
)
@click.pass_obj
def create(session: Session, role: str, sds: tuple[str, ...], note: str | None, expires: str | None) -> None:
    """Make a token for a program or a person.

    It is printed once, and only its hash is kept. A program sends it as 'Authorization: Bearer TOKEN'; the page to
    sign in takes it, too. read sees images, states, and numbers. write also saves, changes, and deletes images. admin
    also adds and removes storage directories, and reads folders of the server's machine. A token for some storage
    directories sees nothing of the others.
    """
    with session.open_store() as store:
        made = store.tokens.create(
            role,
            sds=[store.get_storage_dir(sd) for sd in sds] if sds else None,
            note=note,
            expires_at=None if expires is None else parse_expiry(expires, store.now()),
        )
    session.answer(made.to_json(), lambda: write_line(made.text))
    say("this is the only time that the token is shown; `strandline token revoke TOKEN` ends it")


@click.command("list", cls=Verb)
@click.pass_obj
def list_(session: Session) -> None:
    """List the tokens that were made.

    Their texts are not known. The token of the home is not one of them.
    """
    with session.open_store() as store:
        found = store.tokens.list_tokens()
        now = store.now()
    session.answer({"tokens": [token.to_json() for token in found]}, lambda: _show(found))
    for token in found:
        if not token.is_valid(now):
            say(f"the token {token.name} has expired")


@click.command("revoke", cls=Verb)
@click.argument("token", metavar="TOKEN")
@click.pass_obj
def revoke(session: Session, token: str) -> None:
    """End a token.

    TOKEN is its id, as 'strandline token list' shows it, or its note. Running servers notice within a second, and end
    the sessions that began with it.
    """
    with session.open_store() as store:
        gone = store.tokens.revoke(token)
    session.answer(gone.to_json(), lambda: write_line(f"The token {show_plainly(gone.name)} is revoked."))


def _show(tokens: Sequence[AccessToken]) -> None:
    show_table(
        [
            Column("id"),
            Column("role"),
            Column("storage directories"),
            Column("made"),
            Column("expires"),
            Column("note"),
        ],
        [
            (
                token.token_id,
                token.role.value,
                "all" if token.sds is None else ", ".join(map(show_plainly, token.sds)) or "none any more",
                say_moment(token.made_at),
                say_moment(token.expires_at) if token.expires_at else "never",
                show_plainly(token.note or ""),
            )
            for token in tokens
        ],
    )
