"""Whole numbers on the command line: what is not one, or is out of bounds, is refused in our own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    _ParamType = click.ParamType[int]
else:
    _ParamType = click.ParamType  # older releases of click know no type of the value


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
