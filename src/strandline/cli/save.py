"""``strandline save``: files, folders, stdin and ``data:`` URLs into a storage directory.

People usually paste the image into a note next, so the output is Markdown. It is printed after everything is saved,
even if the work was interrupted, because a reader that goes away must not stop the saving. The first Ctrl-C lets the
current image finish. Otherwise an image could be saved without being reported.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import STDIN, sd_option
from strandline.cli.exit_status import ExitStatus, exit_status_of
from strandline.cli.interrupts import Interrupt, taking_interrupts
from strandline.cli.lazy_commands import Verb
from strandline.cli.left_out import LeftOut, say_left_out
from strandline.cli.progress import Bars
from strandline.cli.session import Session
from strandline.cli.sources import Data, Source, Unusable, iter_sources
from strandline.cli.wording import say_list
from strandline.cli.writing import say, say_about, write_line
from strandline.errors import (
    CatalogError,
    CatalogLockedError,
    CopiedStorageDirError,
    EmptyImageError,
    ReadOnlyStorageDirError,
    StorageDirConflictError,
    StorageDirIncompleteError,
    StorageDirNotFoundError,
    StorageDirOfflineError,
    StrandlineError,
    UnwritableFolderError,
)
from strandline.model.plain_words import say_count, show_plainly
from strandline.model.remedies import quote_word, refer_to
from strandline.model.reports import Saved
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass

if TYPE_CHECKING:
    from strandline.store import Store


SHOWN_KNOWN = 10
"""Images that were stored already. A second run over a folder finds thousands of them."""

NOT_WHOLE = (
    "kept, but it is not a whole image: it is cut short or broken; if it was still being copied, save it again when "
    "that is done"
)


_CONCERNS_ALL = (
    ReadOnlyStorageDirError,
    CopiedStorageDirError,
    StorageDirConflictError,
    StorageDirNotFoundError,
    StorageDirOfflineError,
    StorageDirIncompleteError,
    UnwritableFolderError,
    CatalogError,
    CatalogLockedError,
)
"""Errors that every other image would have, too: the rest is not tried."""


@dataclass(slots=True)
class _Tally:
    """The results for all sources."""

    saved: list[Saved] = field(default_factory=list)
    failed: list[Unusable] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    not_tried: int = 0

    @property
    def exit_status(self) -> int:
        if not self.failed:
            return ExitStatus.DONE if all(saved.whole for saved in self.saved) else ExitStatus.FINDINGS
        return ExitStatus.FINDINGS if self.saved else exit_status_of(self.failed[0].error)

    def to_json(self) -> dict[str, object]:
        return {
            "saved": [saved.to_json() for saved in self.saved],
            "failed": [
                {"source": failure.shown, "code": failure.error.code, "message": failure.error.message}
                for failure in self.failed
            ],
            "left_out": [{"path": item.path, "reason": item.reason.value} for item in self.left_out],
            "not_tried": self.not_tried,
        }


@click.command("save", cls=Verb)
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True, readable=False)
)
@sd_option
@click.option("--id", "image_id", metavar="ID", help="Save under this id; for one image only.")
@click.option("--name", metavar="NAME", help="The image's original name, if - or a data: URL has none.")
@click.option("-r", "--recursive", is_flag=True, help="Save the pictures in folders and their subfolders.")
@click.pass_obj
def save(
    session: Session,
    files: tuple[str, ...],
    sd: str | None,
    image_id: str | None,
    name: str | None,
    recursive: bool,
) -> int:
    """Save images in a storage directory.

    FILE is a file, a folder (with -r), a data: URL, or - for stdin. Prints the Markdown to paste for each image.
    The same bytes are stored once, however often they are saved. A file that is not a whole image is stored too;
    the exit status is then 1. You can omit --sd if there is only one storage directory, or if FILE is in one.
    """
    if len(files) > 1 and (image_id or name):
        raise click.UsageError("--id and --name are for one image; save several images one at a time")
    found = list(iter_sources(files, recursive=recursive))
    tally = _Tally(left_out=[each for each in found if isinstance(each, LeftOut)])
    sources = [each for each in found if not isinstance(each, LeftOut)]
    if len(sources) > 1 and (image_id or name):
        raise click.UsageError(f"--id and --name are for one image; {files[0]} has {len(sources):,}")
    with session.open_store() as store, Bars() as bars, taking_interrupts() as interrupt:
        save_one = partial(store.save, sd=_choose(store, sd, files), name=name, image_id=image_id)
        with suppress(KeyboardInterrupt):  # it is raised below
            for done, source in enumerate(sources):
                if interrupt.asked.is_set():
                    break
                bars.advance("saving", done, len(sources))
                _take(source, interrupt, save_one, tally)
                if tally.failed and isinstance(tally.failed[-1].error, _CONCERNS_ALL):
                    tally.not_tried = len(sources) - done - 1
                    break
    session.answer(tally.to_json(), lambda: _show(tally))
    for saved in tally.saved:
        if not saved.whole:
            say(f"{saved.source}: {NOT_WHOLE}")
    for failure in tally.failed:
        say_about(failure.shown, failure.error.message)
    if interrupt.asked.is_set():
        raise KeyboardInterrupt
    return tally.exit_status


def _choose(store: Store, sd: str | None, files: Sequence[str]) -> StorageDir:
    if sd is not None:
        return store.get_storage_dir(sd)
    known = store.list_storage_dirs()
    if len(known) == 1:
        return known[0]
    if not known:
        raise click.UsageError(
            "there is no storage directory to save in; add one with `strandline sd add PATH`"
        )
    around = {_find_around(known, file) for file in files}
    if len(around) == 1 and (only := around.pop()) is not None:
        return only
    names = say_list((quote_word(refer_to(known_sd)) for known_sd in known), "or")
    raise click.UsageError(f"say where to save: --sd {names}")


def _find_around(sds: Sequence[StorageDir], file: str) -> StorageDir | None:
    """The storage directory that the file is in. A copy of it is wanted in the media folder there."""
    path = Path(os.path.realpath(file))
    return next((sd for sd in sds if path.is_relative_to(sd.path)), None)


def _take(
    source: Source | Unusable, interrupt: Interrupt, save_one: Callable[[Data], Saved], tally: _Tally
) -> None:
    if isinstance(source, Unusable):
        tally.failed.append(source)
        return
    data = source.data
    try:
        saved = save_one(data if isinstance(data, Path | bytes) else interrupt.obeyed_by(data))
    except EmptyImageError as error:
        tally.failed.append(Unusable(source.shown, _nothing_on_stdin() if source.shown == STDIN else error))
    except StrandlineError as error:
        tally.failed.append(Unusable(source.shown, error))
    else:
        tally.saved.append(replace(saved, source=source.shown))


def _nothing_on_stdin() -> EmptyImageError:
    return EmptyImageError("there is nothing on stdin (-); pipe the bytes of an image into it", source=STDIN)


def _show(tally: _Tally) -> None:
    for saved in tally.saved:
        write_line(show_plainly(saved.markdown))
    for line in say_left_out(tally.left_out):
        say(line)
    if len(tally.saved) + len(tally.failed) + tally.not_tried > 1:
        _show_known([saved for saved in tally.saved if not saved.new])
        say(_summarise(tally.saved, len(tally.failed), tally.not_tried))


def _show_known(known: Sequence[Saved]) -> None:
    """Which files have the bytes of an image that is stored already, and which image that is."""
    for saved in known[:SHOWN_KNOWN]:
        say(f"{saved.source} is there already, as {saved.image_id}")
    if len(known) > SHOWN_KNOWN:
        say(f"and {len(known) - SHOWN_KNOWN:,} more are there already; --json lists all")


def _summarise(saved: Sequence[Saved], failures: int, not_tried: int = 0) -> str:
    new = sum(one.new for one in saved)
    parts = [f"{say_count(new, 'image')} saved"]
    if len(saved) > new:
        parts.append(f"{len(saved) - new:,} there already")
    if cut := sum(not one.whole for one in saved):
        parts.append(f"{cut:,} of them incomplete")
    if failures:
        parts.append(f"{failures:,} failed")
    if not_tried:
        parts.append(f"{not_tried:,} not tried")
    return ", ".join(parts)
