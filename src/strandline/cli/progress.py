"""Progress bars on stderr if it is a terminal; nothing otherwise.

A bar appears only after a moment. Most work is done by then, so it does not flicker or pay for importing the
library that draws.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from strandline.cli.writing import is_terminal, shorten
from strandline.model.plain_words import show_plainly

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S = 0.5
"""Work that finishes sooner needs no bar."""


class Bars:
    """One progress bar per label. A context manager: on exit it removes the bars."""

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self._is_wanted = is_terminal(sys.stderr)
        self._drawn_from_s = time.monotonic() + patience_s
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def advance(self, label: str, done: int, total: int) -> None:
        """Reports progress; ``total`` is 0 while it is unknown. Cheap enough to call for every file."""
        if not self._is_wanted or time.monotonic() < self._drawn_from_s:
            return
        progress = self._progress or self._start()
        if label not in self._tasks:
            self._tasks[label] = progress.add_task(shorten(show_plainly(label), 40))
        progress.update(self._tasks[label], completed=done, total=total or None)

    def _start(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(file=sys.stderr),
            transient=True,
        )
        self._progress.start()
        return self._progress

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
