"""Numbers on the command line: as people read them on a terminal, as programs do in a pipe.

What is no whole number, or out of bounds, is refused in our own words.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from strandline.cli.writing import is_terminal
from strandline.model.plain_words import say_bytes

if TYPE_CHECKING:
    _ParamType = click.ParamType[int]
else:
    _ParamType = click.ParamType  # older releases of click know no type of the value


def say_number(number: int) -> str:
    """``6,521`` on a terminal, ``6521`` in a pipe, where programs add them up."""
    return f"{number:,}" if is_terminal(sys.stdout) else str(number)


def say_exact_bytes(size_bytes: int | None) -> str:
    """``133 kB`` on a terminal, bytes in a pipe; empty there if unknown."""
    if is_terminal(sys.stdout):
        return say_bytes(size_bytes)
    return "" if size_bytes is None else str(size_bytes)


class WholeNumber(_ParamType):
    """A whole number from ``lowest`` to ``highest``, or without an upper bound."""

    name = "whole number"

    def __init__(self, lowest: int, highest: int | None = None) -> None:
        self._lowest, self._highest = lowest, highest

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number that the text means.

        Raises:
            click.BadParameter: It is none, or out of bounds.
        """
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{value!r} is not a whole number; give {self._say_bounds()}", param, ctx)
        if number < self._lowest or (self._highest is not None and number > self._highest):
            self.fail(f"{number} is out of bounds; give {self._say_bounds()}", param, ctx)
        return number

    def _say_bounds(self) -> str:
        return f"{self._lowest} or more" if self._highest is None else f"{self._lowest} to {self._highest}"
