"""Arguments that many commands take: image ids, and storage directories with completion of their names.

An image id is parsed while the command line is read, so an invalid one never touches the disk. It still gets its
own error code, not the one for wrong usage. Only the first digits of an id are looked up in the catalog, when the
store is open.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from strandline.cli.session import Session
from strandline.errors import AmbiguousImageIdError, StrandlineError
from strandline.model.image_ids import ImageId, find_image_id

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from strandline.model.written_ids import IdPrefix
    from strandline.store import Store

    GivenId = ImageId | IdPrefix


def _parse_id(_context: click.Context, _argument: click.Parameter, text: str) -> GivenId:
    exact = find_image_id(text)
    return _parse_written_id(text) if exact is None else exact


def _parse_written_id(text: str) -> GivenId:
    from strandline.model.written_ids import IdPrefix, parse_written_ids  # here: scripts give exact ids

    found = parse_written_ids(text)
    if isinstance(found, IdPrefix):
        return found
    if len(found) > 1:
        raise AmbiguousImageIdError(
            f"this text has {len(found)} image ids: {', '.join(found[:5])}; give one of them",
            candidates=found[:20],
        )
    return found[0]


def complete_id(store: Store, given: GivenId) -> ImageId:
    """The image id that the user means.

    Raises:
        InvalidImageIdError: Only its first digits were given, and not exactly one known image has them.
    """
    return given if isinstance(given, str) else store.complete_image_id(given.digits)


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
