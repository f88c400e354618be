"""Decoders that die: real processes that report ready, and are killed by a signal at the first request."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from strandline.pictures.decoding import stop_decoders

_PROGRAM = """
import os, sys
from strandline.pictures.decoder_process import read_message, write_message
write_message(sys.stdout.buffer, {{"ready": True}})
if read_message(sys.stdin.buffer) is not None:
    with open({log!r}, "a") as log:
        log.write("asked\\n")
    os.kill(os.getpid(), {signal:d})
"""


class DyingDecoders:
    """How often they were called."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def count_asked(self) -> int:
        """Since they replaced the real ones."""
        return len(self._log.read_text().splitlines())


@contextmanager
def dying_decoders(folder: Path, signal: int) -> Iterator[DyingDecoders]:
    """Every decoder that is started meanwhile dies of the signal once it has read a picture.

    Args:
        folder: For the program that replaces Python, and its notes.
        signal: The signal that ends it.
    """
    log, program = folder / "decoders.log", folder / "dying-decoder"
    log.write_text("")
    script = folder / "dying_decoder.py"
    script.write_text(_PROGRAM.format(log=str(log), signal=signal))
    program.write_text(f"#!/bin/sh\nexec {sys.executable!r} {str(script)!r}\n")
    program.chmod(0o755)
    stop_decoders()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(program))
        yield DyingDecoders(log)
    stop_decoders()
