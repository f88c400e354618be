"""Extras: the parts of Strandline that an installation may lack, and what to type to get them.

Decoding pictures and serving pages need large libraries, which ``pip install strandline`` leaves out
(``pyproject.toml`` names them). What needs one asks here first. The libraries of the core belong to every
installation; if one was removed all the same, the command that brings it back comes from here, too.
"""

from __future__ import annotations

import shlex
import sys
from importlib.util import find_spec
from pathlib import PurePath
from typing import NamedTuple

from strandline.errors import MissingExtraError


class Extra(NamedTuple):
    """One extra of the distribution."""

    name: str
    purpose: str
    """What it is for, as the end of a sentence with "to"."""
    modules: tuple[str, ...]
    """It is there if all of them are. Nothing else tells: pip does not note which extras somebody asked for."""

    @property
    def requirement(self) -> str:
        """What to ask an installer for."""
        return "strandline" if self is CORE else f"strandline[{self.name}]"


CORE = Extra(
    "core",
    "work",
    (
        "click", "pathspec", "platformdirs", "pyromark", "rich", "tomlkit",
        "inotify_simple" if sys.platform == "linux" else "watchdog",
    ),
)  # fmt: skip
PICTURES = Extra("pictures", "decode pictures", ("pyvips", "PIL", "pi_heif"))
POSTGRES = Extra("postgres", "use a catalog in PostgreSQL", ("psycopg",))
SERVE = Extra(
    "serve",
    "serve the gallery and the HTTP API",
    ("granian", "fastapi", "jinja2", "python_multipart", "sse_starlette"),
)


WORK = Extra("work", "share work among machines", ("psycopg", "procrastinate"))
S3 = Extra("s3", "keep images in buckets", ("obstore",))


def check_extra(extra: Extra) -> None:
    """Checks that all modules of an extra can be found. Imports none of them: about 0.1 ms.

    Raises:
        MissingExtraError: It is not. The message has the command that installs it.
    """
    missing = _find_missing(extra)
    if missing is not None:
        raise missing_error(extra, missing)


def has_extra(extra: Extra) -> bool:
    """Whether all modules of an extra can be found. Imports none of them."""
    return _find_missing(extra) is None


def _find_missing(extra: Extra) -> str | None:
    return next((module for module in extra.modules if find_spec(module) is None), None)


def missing_error(extra: Extra, module: str) -> MissingExtraError:
    """The error for a part that lacks this module."""
    has_pip = find_spec("pip") is not None
    command = say_how_to_install(extra, PurePath(sys.prefix), sys.executable, has_pip=has_pip)
    lack = f"its extra '{extra.name}', which is not installed"
    if extra is CORE:
        lack = f"the library {module!r}, which came with it and is no longer installed"
    return MissingExtraError(
        f"to {extra.purpose}, Strandline needs {lack}; type: {command}", extra=extra.name, command=command
    )


def say_how_to_install(extra: Extra, prefix: PurePath, interpreter: str, *, has_pip: bool) -> str:
    """The command for the environment with this prefix and this Python.

    It adds what is lacking and keeps the Strandline that is there, so it also works for one from a checkout.
    An environment without pip was most likely made by uv.
    """
    wanted = extra.requirement
    if prefix.parent.name == "venvs" and "pipx" in prefix.parts:
        if extra is CORE:
            return shlex.join(["pipx", "reinstall", prefix.name])
        return shlex.join(["pipx", "inject", prefix.name, wanted])
    python = interpreter or "python3"
    if not has_pip:
        return shlex.join(["uv", "pip", "install", "--python", python, wanted])
    return shlex.join([python, "-m", "pip", "install", wanted])
