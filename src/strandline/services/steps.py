"""The steps of work on many files, one after the other, which a person may end between two of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from strandline.model.values import dataclass

Step = TypeVar("Step")

OnDone = Callable[[int, int], object]
"""Called with the number of handled steps, and of all."""


@dataclass(slots=True)
class Steps(Generic[Step]):
    """Iterates over the steps until ``cancel`` is set. The step that was begun is finished."""

    planned: Sequence[Step]
    cancel: threading.Event | None = None
    on_done: OnDone | None = None
    """Called after each step."""
    complete: bool = True
    """False if steps were left out."""

    def __iter__(self) -> Iterator[Step]:
        for number, step in enumerate(self.planned, 1):
            if self.cancel is not None and self.cancel.is_set():
                self.complete = False
                return
            yield step
            if self.on_done is not None:
                self.on_done(number, len(self.planned))
