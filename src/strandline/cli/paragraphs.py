"""Sentences on stdout: wrapped for a terminal, whole lines in a pipe."""

from __future__ import annotations

import sys

from strandline.cli.writing import get_width, is_terminal, paint, write_line
from strandline.model.plain_words import show_plainly


def write_paragraph(text: str, *, indent: int = 0, colour: str | None = None) -> None:
    """Writes sentences and escapes them; never breaks names or ids."""
    margin = " " * indent
    text = show_plainly(text)
    if not is_terminal(sys.stdout):
        write_line(margin + text)
        return
    import textwrap  # here: not needed in a pipe

    for line in textwrap.wrap(
        text,
        get_width(),
        initial_indent=margin,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        write_line(paint(line, colour))
