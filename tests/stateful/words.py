"""Values of a history that print as one writes them."""

from __future__ import annotations

from enum import StrEnum


class Word(StrEnum):
    """A value of an operation. Its ``repr`` is Python that creates it again."""

    def __repr__(self) -> str:
        """``Winner.CLOUD``."""
        return f"{type(self).__name__}.{self.name}"
