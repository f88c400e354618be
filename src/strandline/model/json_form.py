"""The JSON form of values: one table per class defines its keys, for every face and for the OpenAPI document.

A key is followed by the path to its value, through fields and properties: ``{"sd_name": "sd.name"}``. If a step of
the path is None, the value is None. The types along the path are those of the document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import Enum
from operator import attrgetter
from typing import Any, ClassVar, TypeAlias

from strandline.model.events import format_time

Table: TypeAlias = Mapping[str, str | Mapping[str, str]]

_PLAIN = frozenset({str, int, float, bool, type(None)})


class JsonForm:
    """A data class with a JSON form."""

    __slots__ = ()

    JSON: ClassVar[Table] = {}
    """Its keys, in order. If empty, its fields under their own names."""

    def to_json(self) -> dict[str, object]:
        """The JSON object of the value, as commands and the HTTP API give it. Its keys are a contract."""
        return _fill(self, _getters_of(type(self)))


def to_json(value: Any) -> Any:
    """The value in the form that ``json.dumps`` accepts: text for enumerations and times, lists for tuples."""
    kind = value.__class__
    if kind in _PLAIN:
        return value
    if kind is datetime:
        return format_time(value)
    if kind is tuple or kind is list:
        return [to_json(each) for each in value]
    if kind is dict:
        return {name: to_json(each) for name, each in value.items()}
    return value.value if isinstance(value, Enum) else value.to_json()


def table_of(kind: type[JsonForm]) -> Table:
    """The keys of the class's JSON form, and the path to each value."""
    return kind.JSON or {each.name: each.name for each in fields(kind)}  # type: ignore[arg-type]


def own_keys(*names: str) -> dict[str, str]:
    """Keys with the same names as their fields."""
    return {name: name for name in names}


_Getters: TypeAlias = list[tuple[str, str, Callable[[Any], Any]]]
"""Key, path, and how to follow the path if no step is None."""

_getters: dict[type[JsonForm], _Getters] = {}


def _getters_of(kind: type[JsonForm]) -> _Getters:
    found = _getters.get(kind)
    if found is None:
        found = _getters[kind] = _make_getters(table_of(kind))
    return found


def _make_getters(table: Table) -> _Getters:
    return [
        (key, path, attrgetter(path)) if isinstance(path, str) else (key, "", _group(_make_getters(path)))
        for key, path in table.items()
    ]


def _group(inner: _Getters) -> Callable[[Any], Any]:
    return lambda value: _fill(value, inner)


def _fill(value: Any, getters: _Getters) -> dict[str, object]:
    try:
        return {
            key: found if (found := get(value)).__class__ in _PLAIN else to_json(found)
            for key, _, get in getters
        }
    except AttributeError:  # a step of the path is None; any other error is raised again
        return {key: to_json(_follow(value, path) if path else get(value)) for key, path, get in getters}


def _follow(value: Any, path: str) -> Any:
    for step in path.split("."):
        if value is None:
            return None
        value = getattr(value, step)
    return value
