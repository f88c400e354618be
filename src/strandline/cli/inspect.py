"""``strandline inspect``: disk compared with catalog, the tree, a file's facts, its bytes in hex.

``inspect SD`` and ``inspect tree SD`` share a place in the grammar. If the first word is not a
subcommand, it is a storage directory. A storage directory called ``tree`` can be given by its path, or after ``--``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import click

from strandline.cli.arguments import list_sd_completions, sd_argument, sds_argument
from strandline.cli.exit_status import ExitStatus
from strandline.cli.lazy_commands import NEAR, LazyGroup, Verb
from strandline.cli.numbers import WholeNumber
from strandline.cli.overview import Row
from strandline.cli.session import Session, list_named
from strandline.cli.tables import Cell, Column, show_facts, show_table
from strandline.cli.wording import say_size
from strandline.cli.writing import say, write_json_list, write_line
from strandline.errors import StorageDirNotFoundError
from strandline.model.defaults import HEX_BYTES
from strandline.model.meaning_words import say_meaning
from strandline.model.remedies import say_command
from strandline.model.state_words import INCOMPLETE, word_of_state
from strandline.model.sync_status import HexPage, SyncStatus, TreeEntry

TABLE = {
    "tree": Row("inspect:tree", "List everything in a storage directory, and what it means."),
    "file": Row("inspect:file_", "Show the facts of one file."),
    "hex": Row("inspect:hex_", "Show a page of a file's bytes."),
}


ROWS_AT_ONCE = 1000
"""Rows of a tree per table. A terminal table is drawn only when all its rows are known, and a folder may have a
million.
"""


_GIVEN = f"{__name__}.given"
"""Where the context keeps the words after ``inspect``."""


class InspectGroup(LazyGroup):
    """A group that also takes storage directories as its own arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remembers whether ``--`` was given: after it, all words are storage directories."""
        ctx.meta[_GIVEN] = list(args)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand. If there is none, all words are storage directories (and options)."""
        given = ctx.meta.get(_GIVEN, [])
        if given[: len(given) - len(args)][-1:] == ["--"]:
            args = ["--", *args]  # not an option of the storage directories' own command either
        elif args[0] in self.table:
            return super().resolve_command(ctx, args)
        return None if ctx.resilient_parsing else "inspect", status, args

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Both forms."""
        formatter.write_usage(ctx.command_path, "[OPTIONS] [SD]...")
        formatter.write_usage(ctx.command_path, "COMMAND [ARGS]...", prefix="       ")

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[click.shell_completion.CompletionItem]:
        """Subcommands, options, and the names of storage directories."""
        param = status.params[0]
        return super().shell_complete(ctx, incomplete) + list_sd_completions(ctx, param, incomplete)


@click.group("inspect", cls=InspectGroup, table=TABLE, invoke_without_command=True)
@click.pass_context
def inspect(context: click.Context) -> Any:
    """Compare a storage directory with the catalog.

    Lists the folder again, changes nothing, and says what to do about each discrepancy. Without arguments it
    inspects all storage directories. Only a terminal gets shortened lists. The exit status is 1 if something needs a
    person: an image is damaged, or a folder is not online.
    """
    if context.invoked_subcommand is None:
        return context.invoke(status, sds=())
    return None


@click.command("inspect", cls=Verb, hidden=True)
@sds_argument
@click.pass_obj
def status(session: Session, sds: tuple[str, ...]) -> int:
    """Compare storage directories with the catalog."""
    with session.open_store() as store:
        try:
            named = list_named(store, sds)
        except StorageDirNotFoundError as error:
            raise _hint_at_subcommand(sds[0], error) from error
        reports = [store.inspect(sd) for sd in named]
    session.answer({"sds": [report.to_json() for report in reports]}, lambda: _show_reports(reports))
    return ExitStatus.DONE if all(report.is_healthy for report in reports) else ExitStatus.FINDINGS


def _hint_at_subcommand(word: str, error: StorageDirNotFoundError) -> StorageDirNotFoundError:
    """The same error; if the word looks like a subcommand, with that as a hint."""
    import difflib  # here: needed only after a mistake

    near = difflib.get_close_matches(word[:40], TABLE, n=1, cutoff=NEAR)
    if not near:
        return error
    hint = f"; or did you mean {say_command('inspect', near[0], '--help')}?"
    return StorageDirNotFoundError(error.message + hint, **error.facts)


def _show_reports(reports: Sequence[SyncStatus]) -> None:
    from strandline.cli.inspection_letter import show_letter

    if not reports:
        say("no storage directory yet; add one with `strandline sd add PATH`")
    for number, report in enumerate(reports):
        if number:
            write_line()
        show_letter(report)


@click.command("tree", cls=Verb)
@sd_argument
@click.pass_obj
def tree(session: Session, sd: str) -> None:
    """List everything in a storage directory, and what it means.

    Shows the root and the media folder, as they are on the disk.
    """
    with session.open_store() as store:
        found = store.get_storage_dir(sd)
        entries = store.iter_tree(found)
        if session.json:
            write_json_list({"sd_id": found.sd_id}, "entries", (entry.to_json() for entry in entries))
        else:
            _show_tree(entries)


def _show_tree(entries: Iterable[TreeEntry]) -> None:
    columns = [
        Column("PATH"),
        Column("KIND", is_whole=True),
        Column("SIZE", is_number=True),
        Column("MEANING"),
    ]
    rest = iter(entries)
    while some := list(islice(rest, ROWS_AT_ONCE)):
        show_table(columns, map(_make_row, some))


def _make_row(entry: TreeEntry) -> list[Cell]:
    size = "" if entry.size_bytes is None else say_size(entry.size_bytes)
    if entry.state is None:
        return [entry.path, entry.kind, size, say_meaning(entry.meaning)]
    is_incomplete = word_of_state(entry.state, whole=entry.whole) is INCOMPLETE
    state = INCOMPLETE.word if is_incomplete else entry.state.value
    return [entry.path, entry.kind, size, f"{say_meaning(entry.meaning)}, {state}"]


@click.command("file", cls=Verb)
@sd_argument
@click.argument("path", metavar="PATH")
@click.pass_obj
def file_(session: Session, sd: str, path: str) -> None:
    """Show the facts of one file.

    PATH is relative to the storage directory, such as media/ID.png.
    """
    with session.open_store() as store:
        facts = store.describe_file(sd, path)
    session.answer(facts, lambda: show_facts((name, _say_fact(value)) for name, value in facts.items()))


def _say_fact(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_say_fact(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_say_fact, value)) or "-"
    return "-" if value is None else str(value)


@click.command("hex", cls=Verb)
@sd_argument
@click.argument("path", metavar="PATH")
@click.option("--offset", type=WholeNumber(0), default=0, metavar="N", help="The first byte; 0 by default.")
@click.option(
    "--length",
    type=WholeNumber(1, 1 << 20),
    default=HEX_BYTES,
    metavar="N",
    help=f"How many bytes at most; {HEX_BYTES} by default.",
)
@click.pass_obj
def hex_(session: Session, sd: str, path: str, offset: int, length: int) -> None:
    """Show a page of a file's bytes.

    PATH is relative to the storage directory, such as media/ID.png.
    """
    with session.open_store() as store:
        page = store.read_hex(sd, path, offset, length)
    session.answer(page.to_json(), lambda: _show_hex(page))


def _show_hex(page: HexPage) -> None:
    for line in page.list_lines():
        write_line(line)
    end = page.offset + len(page.data)
    if end < page.size_bytes:
        say(f"{page.size_bytes - end:,} more bytes; continue with --offset {end}")
