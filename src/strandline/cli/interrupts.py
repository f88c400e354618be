"""Ctrl-C: the first one asks to end after what is being done, so that it is answered for; the second one insists.

What surprises: while a command waits for somebody who may never answer, there is nothing to finish, and the first one
is obeyed at once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import BinaryIO, cast


@dataclass(slots=True)
class Interrupt:
    """What Ctrl-C has come to; made by :func:`taking_interrupts`."""

    asked: threading.Event = field(default_factory=threading.Event)
    _is_waiting: bool = False

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Asks, or insists.

        Raises:
            KeyboardInterrupt: It was asked before, or there is nothing to finish.
        """
        if self._is_waiting or self.asked.is_set():
            self.asked.set()
            raise KeyboardInterrupt
        self.asked.set()

    def obeyed_by(self, stream: BinaryIO) -> BinaryIO:
        """The stream, to be read from; a read that waits for somebody raises ``KeyboardInterrupt`` at once."""
        return cast(BinaryIO, _Obedient(stream, self))

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While there is nothing to finish.

        Raises:
            KeyboardInterrupt: Ctrl-C, also one from before.
        """
        self._is_waiting = True
        try:
            if self.asked.is_set():
                raise KeyboardInterrupt
            yield
        finally:
            self._is_waiting = False


@dataclass(frozen=True, slots=True)
class _Obedient:
    """A stream whose reads end with Ctrl-C."""

    stream: BinaryIO
    interrupt: Interrupt

    def read(self, size_bytes: int = -1) -> bytes:
        with self.interrupt.waiting():
            return self.stream.read(size_bytes)


@contextmanager
def taking_interrupts() -> Iterator[Interrupt]:
    """What Ctrl-C comes to while this lasts; outside the main thread, which alone may take signals, to nothing."""
    interrupt = Interrupt()
    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = signal.signal(signal.SIGINT, interrupt.on_signal)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, before)
