"""``dataclass`` for values with slots: like the standard library's, but a class is made in a quarter of the time.

The library writes six functions for each class as source text and compiles them one by one, which took half of each
start-up of the command line. Here only ``__init__`` is compiled, when the first instance is made. All other methods
are shared by all classes, and read the fields by name. ``fields``, ``replace``, and ``asdict`` of ``dataclasses``
work as usual, and so does ``field``.

What surprises: type checkers see the library's decorator, so they know all of its rules.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, cast

T = TypeVar("T")

_UNSET = object()
"""Represents an omitted argument whose default is made by a function."""


def _make_dataclass(
    *, slots: bool, frozen: bool = False, kw_only: bool = False
) -> Callable[[type[T]], type[T]]:
    assert slots, "the setters of slots are what makes instances here"

    def make(plain: type[T]) -> type[T]:
        if plain.__doc__ is None:
            plain.__doc__ = (
                plain.__name__
            )  # else the library inspects a signature, which takes as long as 20 classes
        made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)(
            plain
        )
        fields = dataclasses.fields(made)
        made.__init__ = _make_init(made, fields)
        made.__signature__ = _SIGNATURE
        made.__repr__ = _make_repr([each.name for each in fields if each.repr])
        compared = attrgetter("__class__", *(each.name for each in fields if each.compare))

        def is_equal(self: object, other: object) -> bool:
            return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

        made.__eq__ = is_equal
        made.__hash__ = None
        if frozen:
            made.__hash__ = lambda self: hash(compared(self))
            made.__setattr__ = _refuse_to_set
            made.__delattr__ = _refuse_to_delete
            made.__getstate__ = _get_state
            made.__setstate__ = _set_state
        return cast("type[T]", made)

    return make


def _make_init(made: Any, fields: Sequence[dataclasses.Field[Any]]) -> Callable[..., None]:
    """Compiled when the first instance is made: a command makes instances of a few classes only."""

    def init(self: object, *arguments: Any, **by_name: Any) -> None:
        made.__init__ = _compile_init(made, fields)
        made.__init__(self, *arguments, **by_name)

    return init


def _compile_init(made: type, fields: Sequence[dataclasses.Field[Any]]) -> Callable[..., None]:
    known: dict[str, Any] = {"_unset": _UNSET}
    positional, by_name, steps = ["self"], ["*"], []
    for each in fields:
        name = argument = value = each.name
        own = ""
        known[f"_set_{name}"] = getattr(made, name).__set__
        if each.default is not dataclasses.MISSING:
            own = f"_default_{name}"
            known[own] = each.default
            argument = f"{name}={own}"
        elif each.default_factory is not dataclasses.MISSING:
            own = f"_make_{name}()"
            known[f"_make_{name}"] = each.default_factory
            argument = f"{name}=_unset"
            value = f"{own} if {name} is _unset else {name}"
        if each.init:
            (by_name if each.kw_only else positional).append(argument)
            steps.append(f"_set_{name}(self, {value})")
        elif own:
            steps.append(f"_set_{name}(self, {own})")
    if hasattr(made, "__post_init__"):
        steps.append("self.__post_init__()")
    arguments = positional + (by_name if len(by_name) > 1 else [])
    exec(f"def __init__({', '.join(arguments)}):\n  " + "\n  ".join(steps or ["pass"]), known)
    init: Callable[..., None] = known["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


class _Signature:
    """The signature of a class, made when somebody asks: ``inspect`` takes long to import."""

    def __get__(self, _instance: object, owner: type[Any]) -> Any:
        import inspect

        parameters = [
            inspect.Parameter(
                each.name,
                inspect.Parameter.KEYWORD_ONLY if each.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=(
                    each.default
                    if each.default is not dataclasses.MISSING
                    else inspect.Parameter.empty
                    if each.default_factory is dataclasses.MISSING
                    else _MADE
                ),
                annotation=each.type,
            )
            for each in dataclasses.fields(owner)
            if each.init
        ]
        return inspect.Signature(sorted(parameters, key=lambda each: each.kind), return_annotation=None)


class _Made:
    def __repr__(self) -> str:
        return "<factory>"


_MADE, _SIGNATURE = _Made(), _Signature()


def _make_repr(names: Sequence[str]) -> Callable[[object], str]:
    def show(self: object) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return show


def _refuse_to_set(_self: object, name: str, _value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _get_state(self: Any) -> list[object]:
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _set_state(self: Any, state: Sequence[object]) -> None:
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    dataclass = _make_dataclass
