"""Extras: the parts of Strandline that an installation may lack, and what to type to get them.

The library and the command line are always there. Decoding pictures and serving pages need large libraries, which
``pip install strandline`` leaves out (``pyproject.toml`` names them). What needs one asks here first.
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


PICTURES = Extra("pictures", "decode pictures", ("pyvips", "PIL", "pi_heif"))
SERVE = Extra(
    "serve",
    "serve the gallery and the HTTP API",
    ("granian", "fastapi", "jinja2", "python_multipart", "sse_starlette"),
)


def is_installed(extra: Extra) -> bool:
    """Whether its modules can be found. Imports none of them: about 0.1 ms."""
    return all(find_spec(module) is not None for module in extra.modules)


def check_extra(extra: Extra) -> None:
    """Checks that an extra is installed.

    Raises:
        MissingExtraError: It is not. The message has the command that installs it.
    """
    if not is_installed(extra):
        has_pip = find_spec("pip") is not None
        command = say_how_to_install(extra, PurePath(sys.prefix), sys.executable, has_pip=has_pip)
        raise MissingExtraError(
            f"to {extra.purpose}, Strandline needs its extra '{extra.name}', which is not installed; type: {command}",
            extra=extra.name,
            command=command,
        )


def say_how_to_install(extra: Extra, prefix: PurePath, interpreter: str, *, has_pip: bool) -> str:
    """The command for the environment with this prefix and this Python.

    It adds what the extra lists and keeps the Strandline that is there, so it also works for one from a checkout.
    An environment without pip was most likely made by uv.
    """
    wanted = f"strandline[{extra.name}]"
    if prefix.parent.name == "venvs" and "pipx" in prefix.parts:
        return shlex.join(["pipx", "inject", prefix.name, wanted])
    python = interpreter or "python3"
    if not has_pip:
        return shlex.join(["uv", "pip", "install", "--python", python, wanted])
    return shlex.join([python, "-m", "pip", "install", wanted])
