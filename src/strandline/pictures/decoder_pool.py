"""The decoder pool: at most two decoder processes, started when needed, killed when a picture takes too long.

Only a separate process bounds a decoder's time. libvips can be asked to stop between two tiles, but SVG filters,
HEIC, AVIF, and WebP are each decoded in one call that cannot be interrupted. The process costs a fifth of a second
for the first picture and about a millisecond for each.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

if sys.platform == "linux":
    import fcntl

from strandline.extras import PICTURES, check_extra
from strandline.pictures.decoder_process import Header, read_message, write_message
from strandline.pictures.frozen import find_decoder_command

MAX_PROCESSES = 2
"""Pictures decoded at once. More would need more memory (pictures can be large) and slow the user's machine down."""

START_LIMIT_S = 60.0
"""For a process to load its libraries on a busy machine. This is not counted as decoding."""


PIPE_BYTES = 1024 * 1024
"""The most that Linux grants an unprivileged process. With the usual 64 KB, a photograph takes fifty switches between
two processes.
"""


ENDED_FROM_OUTSIDE = frozenset(
    {0, 1}  # an idle process ends itself; its own Python failed, for example when out of memory
    | {
        -getattr(signal, name)
        for name in ("SIGKILL", "SIGTERM", "SIGALRM", "SIGHUP")
        if hasattr(signal, name)
    }
)
"""Exit statuses that say nothing about the picture: if the system runs out of memory, it sends SIGKILL."""


class DecoderGoneError(Exception):
    """The process ended without an answer: its decoder crashed."""


class DecoderInterruptedError(DecoderGoneError):
    """The process was ended from outside. That says nothing about the picture."""


class DecoderStartError(Exception):
    """No process could be started. That says nothing about the picture."""


class DecoderTimeoutError(Exception):
    """The process was killed because it took too long."""


class DecoderPool:
    """Shared by all threads of this process. A forked child starts with an empty pool."""

    def __init__(self, max_processes: int = MAX_PROCESSES) -> None:
        self._max_processes = max_processes
        self.forget()

    def ask(
        self, request: Header, data: bytes | memoryview, *, timeout_s: float, fresh: bool = False
    ) -> tuple[Header, bytes]:
        """Sends the request to a process and waits for its answer.

        Waiting for a free process does not count toward the time limit. ``fresh`` asks for a process that has decoded
        nothing yet, so no earlier picture can have left it short of memory.

        Raises:
            DecoderTimeoutError: There is no answer in time. The process was killed.
            DecoderInterruptedError: The process was ended from outside.
            DecoderGoneError: The process died by itself during the request.
            DecoderStartError: No process could be started.
            MissingExtraError: The decoders are not installed.
        """
        with self._slots:
            decoder = self._take_idle()
            if decoder is not None and fresh:
                decoder.close()
            elif decoder is not None:
                # It may just have ended because it was idle. That is not an error.
                with contextlib.suppress(DecoderGoneError):
                    return self._ask(decoder, request, data, timeout_s)
            return self._ask(_Decoder(), request, data, timeout_s)

    def close(self) -> None:
        """Ends the idle processes. The pool can still be used; it starts new ones."""
        while (decoder := self._take_idle()) is not None:
            decoder.close()

    def forget(self) -> None:
        """Drops all processes without telling them. After a fork they belong to the parent."""
        self._slots = threading.BoundedSemaphore(self._max_processes)
        self._idle: list[_Decoder] = []

    def _take_idle(self) -> _Decoder | None:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _ask(
        self, decoder: _Decoder, request: Header, data: bytes | memoryview, timeout_s: float
    ) -> tuple[Header, bytes]:
        try:
            answer = decoder.ask(request, data, timeout_s)
        except BaseException:
            decoder.kill()
            raise
        self._idle.append(decoder)
        return answer


class _Decoder:
    """One process, idle or at work for one thread."""

    def __init__(self) -> None:
        try:
            self._process = _start_process()
        except (FileNotFoundError, PermissionError) as error:
            raise DecoderStartError(str(error)) from error
        except OSError as error:
            raise DecoderInterruptedError from error  # out of memory, processes, or descriptors
        try:
            self._receive(START_LIMIT_S)
        except BaseException as error:
            self.kill()
            if isinstance(error, DecoderInterruptedError) and self._process.returncode < 0:
                raise
            if isinstance(error, DecoderGoneError | DecoderTimeoutError):
                raise DecoderStartError("the process ended before it was ready") from error
            raise

    def ask(self, request: Header, data: bytes | memoryview, timeout_s: float) -> tuple[Header, bytes]:
        try:
            write_message(self._stdin, request | {"timeout_s": timeout_s}, data)
        except OSError:
            raise self._find_out_why_gone() from None
        return self._receive(timeout_s)

    def _receive(self, timeout_s: float) -> tuple[Header, bytes]:
        timed_out = threading.Event()

        def stop() -> None:
            timed_out.set()
            self._process.kill()

        timer = threading.Timer(timeout_s, stop)
        timer.daemon = True
        timer.start()
        try:
            message = read_message(self._stdout)
        finally:
            timer.cancel()
        if message is None:
            raise DecoderTimeoutError if timed_out.is_set() else self._find_out_why_gone()
        return message

    def _find_out_why_gone(self) -> DecoderGoneError:
        self.kill()  # so far perhaps only its pipes are closed: wait for its exit status
        was_ended = self._process.returncode in ENDED_FROM_OUTSIDE
        return DecoderInterruptedError() if was_ended else DecoderGoneError()

    @property
    def _stdin(self) -> Any:
        return self._process.stdin

    @property
    def _stdout(self) -> Any:
        return self._process.stdout

    def close(self) -> None:
        """Closes its pipes, so that an idle process ends by itself."""
        with contextlib.suppress(OSError):
            self._stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stdout.close()

    def kill(self) -> None:
        """Kills the process, whatever it is doing."""
        self._process.kill()
        self.close()


def _start_process() -> subprocess.Popen[bytes]:
    check_extra(PICTURES)
    command = find_decoder_command()
    if command is None:
        raise DecoderStartError(
            f"{sys.executable or 'this program'} is not a Python interpreter and has not called freeze_support()"
        )
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": _import_path(), "VIPS_CONCURRENCY": "1"},
        cwd=os.sep,  # a process keeps its working folder in use, and ours may be on a disk that is to be ejected
    )
    if sys.platform == "linux" and process.stdin is not None:
        with contextlib.suppress(OSError):  # above this user's limit: the default size works, too
            fcntl.fcntl(process.stdin, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return process


def _import_path() -> str:
    """Where this process imports from, without the current folder, which may be a synced one."""
    package = Path(__file__).parents[2]
    return os.pathsep.join([str(package), *(path for path in sys.path if path and Path(path).is_absolute())])


POOL = DecoderPool()
atexit.register(POOL.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.forget)
