"""A stream of events: what ``store.watch()`` returns, for a ``with`` block or for a loop alone.

It waits for events in the thread that iterates, and may be closed from any other. Then the loop ends quietly.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from strandline.errors import StrandlineError
from strandline.model.events import Event


class Source(Protocol):
    """Where the events come from: something that runs until it is stopped."""

    def read(self) -> Sequence[Event] | None:
        """The next events, in order. Waits for a moment if there are none, and may return none. None at the end.

        Raises:
            StrandlineError: They cannot be read.
        """

    def stop(self) -> None:
        """Ends everything; a waiting :meth:`read` returns. Called once, from any thread."""


class EventStream:
    """Events as they are committed, each once and in order. An iterator and a context manager.

    The watcher starts with the ``with`` block, or else with the loop. It ends with the block, with the loop (also if
    the loop is left early), at :meth:`close`, when the ``stop`` event of :meth:`Store.watch` is set, and when the
    store is closed. A loop then ends quietly, in whatever thread it runs. One thread may iterate; any may close.
    """

    def __init__(self, begin: Callable[[], Source], stop: threading.Event | None = None) -> None:
        self._begin = begin
        self._source: Source | None = None
        self._is_stopped = stop or threading.Event()
        self._is_closed = threading.Event()
        self._lock = threading.RLock()
        self._end: Callable[[], object] = lambda: None
        self._pending: deque[Event] = deque()

    def close(self) -> None:
        """Ends the watcher and the loop, and waits for the watcher's threads. Idempotent."""
        self._is_closed.set()
        with self._lock:
            self._end()

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Self:
        self._start()
        return self

    def __next__(self) -> Event:
        """The next event; waits for it.

        Raises:
            StrandlineError: The catalog cannot be read; with ``once``, also what ended the scans.
        """
        source = self._start()
        while not (self._pending or self._has_ended()):
            try:
                events = source.read()
            except StrandlineError:
                if self._has_ended():  # the store was closed meanwhile
                    break
                self.close()
                raise
            if events is None:
                self.close()
            else:
                self._pending.extend(events)
        if self._has_ended():
            self.close()
            raise StopIteration
        return self._pending.popleft()

    def _has_ended(self) -> bool:
        return self._is_closed.is_set() or self._is_stopped.is_set()

    def _start(self) -> Source:
        """The source. Begins it if it has not begun; a stream that was closed before has none."""
        with self._lock:
            if self._source is None:
                if self._has_ended():
                    return _NOTHING
                self._source = self._begin()
                self._end = weakref.finalize(self, self._source.stop)
            return self._source


class _Nothing:
    def read(self) -> None:
        """It has ended."""

    def stop(self) -> None:
        """There is nothing to stop."""


_NOTHING = _Nothing()
