"""``strandline save``: files, folders, stdin and ``data:`` URLs into a storage directory.

People usually paste the image into a note next, so the output is Markdown. It is printed after everything is saved,
even if the work was interrupted, because a reader that goes away must not stop the saving. The first Ctrl-C lets the
current image finish. Otherwise an image could be saved without being reported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import STDIN, sd_option
from strandline.cli.exit_status import ExitStatus, exit_status_of
from strandline.cli.interrupts import Interrupt, taking_interrupts
from strandline.cli.lazy_commands import Verb
from strandline.cli.progress import Bars
from strandline.cli.session import Session
from strandline.cli.sources import Source, Unusable, iter_sources
from strandline.cli.targets import choose_target, find_note
from strandline.cli.writing import is_terminal, say, say_about, write_line
from strandline.errors import (
    CONCERNS_WHOLE_SAVE,
    EmptyImageError,
    StrandlineError,
)
from strandline.model.layout import LAYOUTS
from strandline.model.left_out import LeftOut, say_left_out
from strandline.model.plain_words import say_count, show_plainly
from strandline.model.reports import Saved
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass

if TYPE_CHECKING:
    from strandline import NewImage
    from strandline.store import Store

_Result = Saved | StrandlineError

SHOWN_KNOWN = 10
"""Images that were there already, each with a line. A second run finds thousands: they are summed up."""

SAVED_TOGETHER = 50
"""Files between two looks at Ctrl-C, and for which the storage directory is checked once."""

NOT_WHOLE = (
    "kept, but it is not a whole image: it is cut short or broken; if it was still being copied, save it again when "
    "that is done"
)


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
@click.option("--in", "note", metavar="NOTE", help="The note that it is for, in a folder of named pictures.")
@click.option("-r", "--recursive", is_flag=True, help="Save the pictures in folders and their subfolders.")
@click.pass_obj
def save(
    session: Session,
    files: tuple[str, ...],
    sd: str | None,
    image_id: str | None,
    name: str | None,
    note: str | None,
    recursive: bool,
) -> int:
    """Save images in a storage directory.

    FILE is a file, a folder (with -r), a data: URL, or - for stdin. Prints the Markdown to paste for each image.
    The same bytes are stored once, however often they are saved. A file that is not a whole image is stored too;
    the exit status is then 1. In a folder of named pictures, the image keeps its name and goes where your program
    for notes puts pictures (with --in, for that note), and must be whole. You can omit --sd if there is only one
    storage directory, or if FILE or NOTE is in one.
    """
    if len(files) > 1 and (image_id or name):
        raise click.UsageError("--id and --name are for one image; save several images one at a time")
    with session.open_store() as store, Bars() as bars, taking_interrupts() as interrupt:
        target = choose_target(store, sd, files if note is None else [note])
        found = list(iter_sources(files, recursive=recursive, layout=LAYOUTS[target.layout]))
        tally = _Tally(left_out=[each for each in found if isinstance(each, LeftOut)])
        sources = [each for each in found if not isinstance(each, LeftOut)]
        if len(sources) > 1 and (image_id or name):
            raise click.UsageError(f"--id and --name are for one image; {files[0]} has {len(sources):,}")
        saver = _Saver(store, target, interrupt, bars, tally, len(sources), find_note(note, target))
        with suppress(KeyboardInterrupt):  # it is raised below
            saver.save_all(sources, name=name, image_id=image_id)
    session.answer(tally.to_json(), lambda: _show(tally))
    for saved in tally.saved:
        if not saved.whole:
            say(f"{saved.source}: {NOT_WHOLE}")
        if saved.warning:
            say(f"{saved.source}: {saved.warning}")
    for failure in tally.failed:
        say_about(failure.shown, failure.error.message)
    interrupt.end_if_asked()
    return tally.exit_status


class _Saver:
    """Saves the sources one after the other, many files together, until all are done or Ctrl-C was pressed."""

    def __init__(
        self,
        store: Store,
        sd: StorageDir,
        interrupt: Interrupt,
        bars: Bars,
        tally: _Tally,
        total: int,
        note: str | None,
    ) -> None:
        self._store = store
        self._sd = sd
        self._interrupt = interrupt
        self._bars = bars
        self._tally = tally
        self._total = total
        self._note_of_all = note

    def save_all(
        self, sources: Sequence[Source | Unusable], *, name: str | None, image_id: str | None
    ) -> None:
        done = 0
        try:
            for batch in _iter_batches(sources):
                if self._interrupt.asked.is_set():
                    break
                if len(batch) > 1:
                    results = self._save_together(batch, done)
                else:
                    self._bars.advance("saving", done, self._total)
                    results = [self._save_one(batch[0], name, image_id)]
                done += len(results)
                if self._note(batch, results):
                    break
        finally:
            self._tally.not_tried += self._total - done

    def _save_one(self, source: Source | Unusable, name: str | None, image_id: str | None) -> _Result:
        if isinstance(source, Unusable):
            return source.error
        data = (
            source.data if isinstance(source.data, Path | bytes) else self._interrupt.obeyed_by(source.data)
        )
        try:
            return self._store.save(data, sd=self._sd, name=name, image_id=image_id, note=self._note_of_all)
        except EmptyImageError as error:
            return _nothing_on_stdin() if source.shown == STDIN else error
        except StrandlineError as error:
            return error

    def _save_together(self, batch: Sequence[Source | Unusable], done: int) -> Sequence[_Result]:
        """The results of those that were read before Ctrl-C was pressed."""
        from strandline import NewImage  # here: --help needs no services

        def read() -> Iterator[NewImage]:
            for number, source in enumerate(batch):
                if self._interrupt.asked.is_set():
                    return
                self._bars.advance("saving", done + number, self._total)
                assert isinstance(source, Source)
                assert isinstance(source.data, Path | bytes)
                yield NewImage(source.data)

        return self._store.save_several(read(), sd=self._sd, note=self._note_of_all)

    def _note(self, batch: Sequence[Source | Unusable], results: Sequence[_Result]) -> bool:
        """Adds the results. True if there is an error that all others would have: of several, one is reported."""
        concerns_all = False
        for source, result in zip(batch, results, strict=False):
            if isinstance(result, Saved):
                self._tally.saved.append(replace(result, source=source.shown))
            elif concerns_all and isinstance(result, CONCERNS_WHOLE_SAVE):
                self._tally.not_tried += 1
            else:
                self._tally.failed.append(Unusable(source.shown, result))
                concerns_all |= isinstance(result, CONCERNS_WHOLE_SAVE)
        return concerns_all


def _iter_batches(sources: Sequence[Source | Unusable]) -> Iterator[Sequence[Source | Unusable]]:
    """Files and ``data:`` URLs that follow each other, in batches. Everything else stays alone: stdin may wait."""
    batch: list[Source | Unusable] = []
    for source in sources:
        is_ready = isinstance(source, Source) and isinstance(source.data, Path | bytes)
        if batch and (not is_ready or len(batch) == SAVED_TOGETHER):
            yield batch
            batch = []
        if is_ready:
            batch.append(source)
        else:
            yield [source]
    if batch:
        yield batch


def _nothing_on_stdin() -> EmptyImageError:
    return EmptyImageError("there is nothing on stdin (-); pipe the bytes of an image into it", source=STDIN)


def _show(tally: _Tally) -> None:
    known = [saved for saved in tally.saved if not saved.new]
    are_summed_up = len(known) > SHOWN_KNOWN
    for saved in tally.saved:
        if saved.new or not are_summed_up or not is_terminal(sys.stdout):
            write_line(show_plainly(saved.markdown))
    for line in say_left_out(tally.left_out):
        say(line)
    if len(tally.saved) + len(tally.failed) + tally.not_tried > 1:
        for saved in known if not are_summed_up else ():
            say(f"{saved.source} is there already, as {saved.image_id}")
        say(_summarise(tally.saved, len(tally.failed), tally.not_tried))


def _summarise(saved: Sequence[Saved], failures: int, not_tried: int = 0) -> str:
    new = sum(one.new for one in saved)
    parts = [f"{say_count(new, 'image')} saved"]
    if len(saved) > new:
        listed = " (--json lists them)" if len(saved) - new > SHOWN_KNOWN else ""
        parts.append(f"{len(saved) - new:,} there already{listed}")
    if cut := sum(not one.whole for one in saved):
        parts.append(f"{cut:,} of them incomplete")
    if failures:
        parts.append(f"{failures:,} failed")
    if not_tried:
        parts.append(f"{not_tried:,} not tried")
    return ", ".join(parts)
