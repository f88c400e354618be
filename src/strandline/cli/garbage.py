"""The garbage collector waits until a command has started.

A start makes a hundred thousand objects that stay until the end. The collector would look through them again and
again, which takes a twelfth of a short command.
"""

from __future__ import annotations

import gc


def put_off_collecting() -> None:
    """From the beginning of the process, until its store is open. A command without a store ends soon."""
    gc.disable()


def begin_collecting() -> None:
    """Begins, and leaves out what exists now. Does nothing if collecting was not put off."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
