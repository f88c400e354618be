"""Destinations: whether one leads to a file here, elsewhere, or on the web, and which paths it may mean."""

from __future__ import annotations

import re
from enum import Enum, auto
from urllib.parse import unquote

from strandline.model.values import dataclass
from strandline.notes.picture_names import is_picture_name
from strandline.notes.references import Form


class Where(Enum):
    """Where a destination leads."""

    HERE = auto()
    """Perhaps to a file below the root."""
    OUTSIDE = auto()
    """To another place of this machine, or to a place that only a program can name."""
    REMOTE = auto()


@dataclass(frozen=True, slots=True)
class Destination:
    """What a reference's destination means before any file is looked for."""

    where: Where
    paths: tuple[str, ...] = ()
    """The paths it may mean, the likeliest first, with ``/``. A leading ``/`` is kept. If it seems to lead outside,
    they are meant only if a file is there: braces and colons are allowed in names, too.
    """
    is_made: bool = False
    """It leads outside because a program puts something into it."""
    is_broken: bool = False
    """It seems to lead outside because some of its letters could not be read."""


_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")
_DRIVE = re.compile(r"[a-zA-Z]:[\\/]")
_REMOTE = re.compile(r"(?:https?|ftps?):|//", re.IGNORECASE)
_TEMPLATE = re.compile(r"\{\{|\{%|\$\{|<%|\{[A-Za-z_][\w.]*\}")
"""The destination is made when the site is built."""

_VARIABLE = re.compile(r"%(?![0-9A-F]{2}%)[A-Z_]+%")
"""A variable of Windows. ``%BA%`` is none, but the middle of a name that is written in escapes."""

_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")

_ENVIRONMENT = re.compile(r"(?:\A|/)\$\w")
"""Emacs puts the value of the variable there."""

_REPLACED = "\N{REPLACEMENT CHARACTER}"

_AS_IT_IS = frozenset({Form.WIKI, Form.CANVAS, Form.ORG, Form.ORG_ATTACHMENT})
"""Forms that know no percent escapes."""

_ENDS = {Form.WIKI: "#", Form.CANVAS: "", Form.ORG: "", Form.ORG_ATTACHMENT: ""}
"""Marks that end the path in some forms. In all others, it ends at ``#`` and ``?``."""


_PLAIN = re.compile(r"\w(?:[\w ./_-]*\w)?")
"""Destinations in which nothing has a meaning of its own, in any form."""


def names_picture(destination: str, form: Form) -> bool:
    """Whether the destination ends like a picture's name. Only these references are looked at."""
    path = _cut(destination, form)
    return is_picture_name(path) or ("%" in path and is_picture_name(unquote(path)))


def explain_destination(destination: str, form: Form) -> Destination:
    """Where the destination leads, and which paths it may mean."""
    if _PLAIN.fullmatch(destination):
        return Destination(Where.HERE, (destination,))  # that is most of them
    is_file = form is Form.ORG and destination.startswith("file:")
    destination = destination.removeprefix("file:") if is_file else destination
    if not is_file and _REMOTE.match(destination):
        return Destination(Where.REMOTE)
    if _DRIVE.match(destination) or destination.startswith(("~/", "\\\\")):
        return Destination(Where.OUTSIDE)
    paths = tuple(dict.fromkeys(_list_paths(destination, form)))
    is_known = form is Form.CANVAS or not _SCHEME.match(destination if form is not Form.ORG else paths[0])
    if form is Form.ORG and (destination.startswith("/") or _ENVIRONMENT.search(destination)):
        is_known = False  # a place of this machine
    is_made = _is_made_by_program(destination, form)
    is_broken = _REPLACED in destination
    is_here = is_known and not (is_made or is_broken)
    return Destination(Where.HERE if is_here else Where.OUTSIDE, paths, is_made, is_broken)


def _is_made_by_program(destination: str, form: Form) -> bool:
    if _TEMPLATE.search(destination):
        return True
    if form in _AS_IT_IS or _VARIABLE.search(destination) is None:
        return False
    return _NO_ESCAPE.search(destination) is not None or _REPLACED in unquote(destination)


def _cut(destination: str, form: Form) -> str:
    """The destination without its fragment and query. In Org, ``::`` begins what is looked for in the file."""
    if form is Form.ORG and not _REMOTE.match(destination):
        return destination.partition("::")[0]
    for mark in "#?" if _REMOTE.match(destination) else _ENDS.get(form, "#?"):
        destination = destination.partition(mark)[0]
    return destination


def _list_paths(destination: str, form: Form) -> list[str]:
    path = _cut(destination, form).strip()
    readings = [path] if form in _AS_IT_IS else [unquote(path, errors="surrogateescape"), path]
    if path != destination.strip() and is_picture_name(destination.strip()):
        readings.append(destination.strip())  # a name with # in it
    return readings + [each.replace("\\", "/") for each in readings if "\\" in each]
