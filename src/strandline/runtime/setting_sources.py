"""Where settings come from: ``config.toml``, environment variables, the program that opens the store.

Each source is read into the same value, :class:`Given`, which also has the place for the message. This module checks
only the form. Which keys exist and what they accept is in ``settings``.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from strandline.errors import ConfigError

Value = int | float | str

COMMAND_LINE = "the command line"
"""The place of a value that a person has just typed. A message need not repeat it."""


class Origin(StrEnum):
    """Where a value came from. Of two, the later one in this list wins."""

    DEFAULT = "default"
    FILE = "file"
    ENVIRONMENT = "environment"
    PROGRAM = "program"


class Given(NamedTuple):
    """A given value, not yet checked."""

    key: str
    """``section.name``"""
    value: Any
    origin: Origin
    place: str
    """For messages: the file's path, the variable's name, ``overrides``, or :data:`COMMAND_LINE`."""

    def error(self, what: str) -> ConfigError:
        """The error for this place and key."""
        where = "" if self.place == COMMAND_LINE else f"{self.place}: "
        return ConfigError(f"{where}{what}", place=self.place, key=self.key)


def iter_file(path: Path) -> Iterator[Given]:
    """The settings in a TOML file; nothing if there is no file.

    Raises:
        ConfigError: It cannot be read, or is not TOML in UTF-8.
    """
    try:
        text = path.read_text("utf-8-sig")  # Windows editors put a byte-order mark first
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError as error:
        raise ConfigError(
            f"you may not read {path}; run this as the user whom it belongs to, or choose another home with --home "
            "or STRANDLINE_HOME",
            place=str(path),
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); fix or remove it", place=str(path)) from error
    import tomllib  # here: 10 ms that a start without the file does not need

    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # invalid, with endless numbers, or nested without end
        raise ConfigError(f"{path}: not valid TOML: {error}; mend it", place=str(path)) from error
    for section, table in tables.items():
        if isinstance(table, dict):
            for name, value in table.items():
                yield Given(f"{section}.{name}", value, Origin.FILE, str(path))
        else:
            yield Given(section, table, Origin.FILE, str(path))


def iter_environment(environ: Mapping[str, str], sections: Container[str]) -> Iterator[Given]:
    """The ``STRANDLINE_<SECTION>_<NAME>`` variables, as text. An empty one counts as unset.

    Variables of other sections are ignored: they may belong to the program that embeds Strandline.
    """
    for variable, text in environ.items():
        section, _, name = variable.removeprefix("STRANDLINE_").lower().partition("_")
        if variable.startswith("STRANDLINE_") and section in sections and text:
            yield Given(f"{section}.{name}", text, Origin.ENVIRONMENT, variable)


def iter_overrides(overrides: Mapping[str, Value]) -> Iterator[Given]:
    """What a program gives to ``open_store``, by key."""
    for key, value in overrides.items():
        yield Given(key, value, Origin.PROGRAM, "overrides")
