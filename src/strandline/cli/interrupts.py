"""Ctrl-C and SIGTERM: the first one ends the command after the current step, which is reported; the second at once.

If the command only waits for input, there is nothing to finish, and the first one ends the wait immediately. What was
done before is reported all the same.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import field
from io import BufferedReader
from types import FrameType
from typing import BinaryIO, cast

from strandline.cli.writing import PROGRAM, is_terminal
from strandline.model.values import dataclass

_LOOK_S = 0.1
"""Between two looks at whether a thread should still wait for input. Signals interrupt only the main thread."""

_PIECE_BYTES = 1 << 16


@dataclass(slots=True)
class Interrupt:
    """Whether Ctrl-C was pressed, or SIGTERM came. Made by :func:`taking_interrupts`."""

    asked: threading.Event = field(default_factory=threading.Event)
    announces: bool = False
    """Tell a person that the current step is finished first, and how to end it now."""
    _is_waiting: bool = False
    _number: int = signal.SIGINT

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Asks the command to end. The second call forces it.

        Raises:
            KeyboardInterrupt: This is the second call, or there is nothing to finish.
        """
        is_second = self.asked.is_set()
        self._number = number
        self.asked.set()
        if self._is_waiting:
            raise KeyboardInterrupt
        if is_second:
            self.end_if_asked()
        if self.announces and is_terminal(sys.stderr):
            _announce()

    def end_if_asked(self) -> None:
        """Ends the command as the signal would have, if one came: what was done has been told.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed. (SIGTERM ends the process.)
        """
        if not self.asked.is_set():
            return
        if self._number == signal.SIGTERM:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.raise_signal(signal.SIGTERM)
        raise KeyboardInterrupt

    def obeyed_by(self, stream: BinaryIO) -> BinaryIO:
        """Wraps a stream so that a read that waits for input ends: in the main thread with ``KeyboardInterrupt``, in
        others with ``InterruptedError``.
        """
        return cast(BinaryIO, _Obedient(stream, self))

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A context in which there is nothing to finish.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed, or SIGTERM came, now or before.
        """
        self._is_waiting = True
        try:
            if self.asked.is_set():
                raise KeyboardInterrupt
            yield
        finally:
            self._is_waiting = False


def _announce() -> None:
    """Written past Python's buffers, which the signal may have interrupted in the middle of a line."""
    with suppress(OSError, ValueError, AttributeError):
        os.write(
            sys.stderr.fileno(),
            f"{PROGRAM}: ending after this step; press Ctrl-C again to end now\n".encode(),
        )


@dataclass(frozen=True, slots=True)
class _Obedient:
    """A stream whose reads end with Ctrl-C and SIGTERM."""

    stream: BinaryIO
    interrupt: Interrupt

    def read(self, size_bytes: int = -1) -> bytes:
        if threading.current_thread() is not threading.main_thread():
            return self._read_beside(size_bytes)
        with self.interrupt.waiting():
            return self.stream.read(size_bytes)

    def _read_beside(self, size_bytes: int) -> bytes:
        """Reads in a thread that no signal interrupts: never longer than there is something to read."""
        if (
            not isinstance(self.stream, BufferedReader) or sys.platform == "win32"
        ):  # which selects only sockets
            return self.stream.read(size_bytes)
        pieces: list[bytes] = []
        left = size_bytes
        while left:
            self._wait()
            piece = self.stream.read1(_PIECE_BYTES if left < 0 else min(left, _PIECE_BYTES))
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece) if left > 0 else 0
        return b"".join(pieces)

    def _wait(self) -> None:
        while True:
            if self.interrupt.asked.is_set():
                raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))
            if select.select([self.stream], [], [], _LOOK_S)[0]:
                return


@contextmanager
def taking_interrupts(*, if_: bool = True) -> Iterator[Interrupt]:
    """Catches Ctrl-C and SIGTERM inside the context, if there is anything to finish. Does nothing outside the main
    thread, the only one that gets signals.
    """
    interrupt = Interrupt(announces=True)
    try:
        with _handling(interrupt) if if_ else nullcontext():
            yield interrupt
    except KeyboardInterrupt:
        interrupt.end_if_asked()  # SIGTERM ends the process by itself
        raise


@contextmanager
def ending_on_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets, for a command that runs until somebody ends it. Another Ctrl-C ends it at
    once.
    """
    ending = Interrupt()
    with _handling(ending):
        yield ending.asked


@contextmanager
def _handling(interrupt: Interrupt) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, interrupt.on_signal) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
