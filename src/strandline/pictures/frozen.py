"""Decoders of a program that was frozen into one file (PyInstaller and the like), which has no Python to start.

Such a program starts itself as a decoder, as :mod:`multiprocessing` does. That is safe only if it says so first,
because a program that does not know the word would start a second copy of itself.
"""

from __future__ import annotations

import sys

DECODER_WORD = "--strandline-decoder"

_supported: list[bool] = []


def freeze_support() -> None:
    """Lets a frozen program decode pictures. Call it first in the program's main module.

    In the process that is to be a decoder, it answers requests and then exits. Otherwise it returns at once. It does
    nothing if the program is not frozen.
    """
    if not _is_frozen():
        return
    if sys.argv[1:] == [DECODER_WORD]:
        from strandline.pictures.decoder_process import main

        main()
        sys.exit()
    _supported.append(True)


def find_decoder_command() -> list[str] | None:
    """What starts a decoder; None if nothing does: the program is embedded, or frozen without the call above."""
    if _is_frozen():
        return [sys.executable, DECODER_WORD] if _supported else None
    return [sys.executable, "-P", "-m", "strandline.pictures.decoder_process"] if sys.executable else None


def _is_frozen() -> bool:
    return bool(getattr(sys, "frozen", False))
