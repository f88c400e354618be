"""Arguments that many commands take: image ids, and storage directories with completion of their names.

An image id is parsed while the command line is read, so an invalid one never touches the disk. It still gets its
own error code, not the one for wrong usage.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from strandline.cli.session import Session
from strandline.errors import StrandlineError
from strandline.model.image_ids import ImageId, parse_image_id

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _parse_id(_context: click.Context, _argument: click.Parameter, text: str) -> ImageId:
    return parse_image_id(text)


def list_sd_completions(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Storage directory names that begin with the text. Never raises, and never creates a catalog."""
    from click.shell_completion import CompletionItem

    session = context.ensure_object(Session)
    with suppress(StrandlineError):
        if not session.has_catalog():
            return []
        with session.open_store() as store:
            return [
                CompletionItem(sd.name, help=sd.path)
                for sd in store.list_storage_dirs()
                if sd.name.startswith(incomplete)
            ]
    return []


image_id_argument = click.argument("image_id", metavar="ID", callback=_parse_id)

sd_option = click.option(
    "--sd",
    metavar="SD",
    shell_complete=list_sd_completions,
    help="A storage directory: its name, path or identity.",
)

sd_argument = click.argument("sd", metavar="SD", shell_complete=list_sd_completions)

sds_argument = click.argument("sds", metavar="[SD]...", nargs=-1, shell_complete=list_sd_completions)
