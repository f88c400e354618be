"""``strandline config`` and ``strandline catalog``: the settings, and what only the catalog knows.

``config`` does not open the catalog, so it works even if the catalog is locked or damaged.
"""

from __future__ import annotations

import os
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from strandline.cli.arguments import FileToRead
from strandline.cli.lazy_commands import LazyGroup, Verb
from strandline.cli.output_files import check_output, output_option, write_to
from strandline.cli.overview import Row
from strandline.cli.session import Session
from strandline.cli.tables import Badge, Column, show_table
from strandline.cli.writing import format_json, is_terminal, say, write_bytes, write_line
from strandline.errors import ConfigError, InvalidInputError
from strandline.model.plain_words import say_bytes, say_count, show_plainly
from strandline.runtime.setting_sources import Origin
from strandline.runtime.settings import Settings, config_path, list_settings

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from strandline.model.catalog_exports import ImportedCatalog

CONFIG_TABLE = {
    "show": Row("config:show", "List every setting, its value, and where the value comes from."),
    "path": Row("config:path", "Print the path of the settings file."),
    "set": Row("config:set_", "Change a setting."),
    "unset": Row("config:unset", "Let the default of a setting count again."),
}
CATALOG_TABLE = {
    "export": Row("config:export", "Print what cannot be rebuilt from the folders, as JSON."),
    "import": Row("config:import_", "Take over what the catalog of another machine knows."),
    "migrate": Row("config:migrate", "Move the catalog to a database that many machines share, or back."),
}

EXPORT_NAME = "strandline-catalog.json"
"""Of an export into a folder."""

config = LazyGroup("config", table=CONFIG_TABLE, help="Show and change settings.")
catalog = LazyGroup(
    "catalog", table=CATALOG_TABLE, help="Export and import what cannot be rebuilt from the folders."
)


@click.command("show", cls=Verb)
@click.pass_obj
def show(session: Session) -> None:
    """List every setting, its value, and where the value comes from.

    A value comes from the default, the settings file, or the environment.
    """
    home = session.find_home()
    rows = list(Settings.load(home, os.environ).iter_settings())
    document = {
        "home": str(home),
        "path": str(config_path(home)),
        "settings": [
            {
                "key": row.key,
                "value": row.value,
                "origin": row.origin.value,
                "default": row.default,
                "description": row.description,
                "variable": row.variable,
            }
            for row in rows
        ],
    }
    columns = [Column("SETTING", is_whole=True), Column("VALUE"), Column("FROM", is_whole=True)]
    cells = [
        (row.key, str(row.value), Badge(row.origin.value, "" if row.origin is Origin.DEFAULT else "yellow"))
        for row in rows
    ]
    session.answer(document, lambda: show_table(columns, cells))


@click.command("path", cls=Verb)
@click.pass_obj
def path(session: Session) -> None:
    """Print the path of the settings file.

    The file does not need to exist.
    """
    found = config_path(session.find_home())

    def show_path() -> None:
        if is_terminal(sys.stdout):
            write_line(show_plainly(str(found)))
        else:
            write_bytes(os.fsencode(found) + b"\n")

    session.answer({"path": str(found)}, show_path)


def _list_settings(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The names of settings that begin with the text."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(key) for key in list_settings() if key.startswith(incomplete)]


@click.command("set", cls=Verb)
@click.argument("key", metavar="SETTING", shell_complete=_list_settings)
@click.argument("value")
@click.pass_obj
def set_(session: Session, key: str, value: str) -> None:
    """Change a setting.

    SETTING is a name from 'strandline config show', for example log.level. The value is written to the settings
    file; the rest of the file stays as it is. A running 'serve' or 'watch' reads it at its next start.
    """
    from strandline.runtime.setting_edits import set_setting

    home = session.find_home()
    set_setting(home, key, value)
    _answer_setting(session, home, key)


@click.command("unset", cls=Verb)
@click.argument("key", metavar="SETTING", shell_complete=_list_settings)
@click.pass_obj
def unset(session: Session, key: str) -> None:
    """Let the default of a setting count again.

    Removes it from the settings file.
    """
    from strandline.runtime.setting_edits import unset_setting

    home = session.find_home()
    unset_setting(home, key)
    _answer_setting(session, home, key)


def _answer_setting(session: Session, home: Path, key: str) -> None:
    """Says what the setting is now: an environment variable may have another value. It is written already, so what is
    wrong elsewhere is only told.
    """
    try:
        settings = Settings.load(home, os.environ)
    except ConfigError as error:
        say(error.message)
        settings = _load_one(home, key)
    [row] = [row for row in settings.iter_settings() if row.key == key]
    document = {"key": row.key, "value": row.value, "origin": row.origin.value}
    session.answer(
        document, lambda: write_line(show_plainly(f"{row.key} = {row.value!r}  ({row.origin.value})"))
    )


def _load_one(home: Path, key: str) -> Settings:
    try:
        return Settings.load(home, os.environ, only=key)
    except ConfigError:  # its own variable is wrong: what the file says counts once that is mended
        return Settings.load(home, {}, only=key)


@click.command("export", cls=Verb)
@output_option
@click.pass_obj
def export(session: Session, output: str | None) -> None:
    """Print what cannot be rebuilt from the folders, as JSON.

    Exports the storage directories, original names, sources, what was where, journal, and trash index. Keep it with
    your backups. To restore everything else in the catalog, add the storage directories again. With -o, an earlier
    export at FILE is replaced only by a whole one, and only you may read it.
    """
    check_output(output)
    with session.open_store() as store:
        document = format_json(store.export_catalog())
        # The home is private, too, and this has the names of all pictures.
        written_to = write_to(session, output, EXPORT_NAME, BytesIO(document), is_private=True)
    if written_to is not None:
        written = {"written_to": str(written_to), "size_bytes": len(document)}
        session.answer(written, lambda: say(f"{written_to}: {say_bytes(len(document))}"))


@click.command("import", cls=Verb)
@click.argument("file", type=FileToRead())
@click.pass_obj
def import_(session: Session, file: BinaryIO) -> None:
    """Take over what the catalog of another machine knows.

    FILE is what `strandline catalog export` printed, on this machine or another one; - reads stdin. Add the storage
    directories and copy the folder 'trash' of the other home first: original names are always added, what was where
    in a storage directory if it is here, and deleted images if their bytes are. Nothing is removed, so you can import
    a file twice.
    """
    import json  # here: not needed for --help

    try:
        document = json.load(file)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{file.name}: this is not JSON ({error})") from error
    with session.open_store(begins=True) as store:
        report = store.import_catalog(document)
    session.answer(report.to_json(), lambda: _show_imported(report))


def _show_imported(report: ImportedCatalog) -> None:
    for what, added, known in (
        ("Names", report.added, report.known),
        ("Earlier files", report.history_added, report.history_known),
        ("Trash", report.trash_added, report.trash_known),
    ):
        write_line(f"{what}: {added:,} added, {known:,} already known")
    for each in report.storage_dirs:
        if each.by_name:
            say(
                f"{each.name!r} has no identity of its own; it is taken to be {each.here!r} here, by its name"
            )
    for each in report.waiting:
        where = show_plainly(each.path)
        say(f"{show_plainly(each.name)!r} ({where} on the other machine) is not here yet: {each.advice}")
    if report.trash_without_bytes:
        count = say_count(report.trash_without_bytes, "deleted file is", "deleted files are")
        say(
            f"{count} not in the trash of this home; copy the folder 'trash' of the other home, and import again"
        )


@click.command("migrate", cls=Verb)
@click.option("--to", "to_url", metavar="URL", help="Move this home's own catalog into this database.")
@click.option("--from", "from_url", metavar="URL", help="Move the catalog of this database into this home.")
@click.pass_obj
def migrate(session: Session, to_url: str | None, from_url: str | None) -> None:
    """Move the catalog to a database that many machines share, or back.

    URL is postgresql://user@host/database. The target must be empty, and everything that uses the source must be
    stopped. All of it is copied and compared, or nothing. The source stays as it is. Folders of this machine cannot
    move to a shared catalog. Afterwards, set or unset `catalog.url`.
    """
    if (to_url is None) == (from_url is None):
        raise InvalidInputError("give either --to URL or --from URL")
    from strandline.runtime.catalog_moves import move_catalog  # here: not needed for --help

    report = move_catalog(
        session.find_home(), os.environ, to_url or from_url or "", back=from_url is not None,
        on_table=lambda name: say(f"{name} …"),
    )  # fmt: skip

    def show_moved() -> None:
        for table in report.tables:
            write_line(f"{table.name}: {table.rows:,} rows, the same in both")
        setting = "unset catalog.url" if to_url is None else f"set catalog.url {to_url}"
        say(f"{report.target} has all of it; to use it, type: strandline config {setting}")

    session.answer(report.to_json(), show_moved)
