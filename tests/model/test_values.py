"""Value classes behave as the standard library's data classes do, although they are made in another way."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from contextlib import suppress
from dataclasses import FrozenInstanceError, field
from typing import Any, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.model.values import dataclass


class Decorator(Protocol):
    """Either of the two."""

    def __call__(self, *, slots: bool, frozen: bool = False, kw_only: bool = False) -> Any: ...


def make_classes(decorate: Decorator) -> dict[str, Any]:
    """One class for each feature that the program uses in its values."""

    @decorate(frozen=True, slots=True)
    class Empty:
        """No field."""

    @decorate(frozen=True, slots=True)
    class Frozen:
        """Defaults of each kind."""

        a: int
        b: str = "b"
        c: list[int] = field(default_factory=list)

    @decorate(frozen=True, slots=True)
    class Hushed:
        """A field that is neither shown nor compared."""

        a: int
        b: int = field(default=0, repr=False, compare=False)

    @decorate(slots=True)
    class Open:
        """A field that is set afterwards."""

        a: int
        double: int = field(init=False)

        def __post_init__(self) -> None:
            self.double = 2 * self.a

    @decorate(slots=True)
    class Counting:
        """Fields that no caller gives, with defaults of both kinds."""

        number: int = field(default=0, init=False)
        seen: list[int] = field(default_factory=list, init=False)

    @decorate(frozen=True, slots=True, kw_only=True)
    class Base:
        """Only by name."""

        seq: int = 0
        at: int

    @decorate(frozen=True, slots=True, kw_only=True)
    class Derived(Base):
        """More fields than its base."""

        filename: str

    return {each.__name__: each for each in (Empty, Frozen, Hushed, Open, Counting, Base, Derived)}


OURS, LIBRARY = make_classes(dataclass), make_classes(dataclasses.dataclass)

CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("Empty", (), {}),
    ("Frozen", (1,), {}),
    ("Frozen", (1, "x", [2]), {}),
    ("Frozen", (), {"a": 1, "c": [3]}),
    ("Frozen", (), {}),
    ("Frozen", (1, 2, 3, 4), {}),
    ("Hushed", (1, 5), {}),
    ("Open", (4,), {}),
    ("Open", (4, 5), {}),
    ("Counting", (), {}),
    ("Counting", (1,), {}),
    ("Base", (), {"at": 1}),
    ("Base", (1,), {}),
    ("Derived", (), {"at": 1, "filename": "x", "seq": 2}),
    ("Derived", (), {"at": 1}),
]


def told(kind: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> object:
    """Everything observable about one instance, or the error instead of it."""
    try:
        value = kind(*arguments, **named)
    except TypeError as error:
        return str(error)
    changed = dataclasses.replace(value)
    return (
        repr(value),
        dataclasses.asdict(value),
        [each.name for each in dataclasses.fields(value)],
        value == changed and value == copy.deepcopy(value),
        value == object(),
        hasattr(value, "__dict__"),
    )


@pytest.mark.parametrize(("name", "arguments", "named"), CALLS)
def test_an_instance_is_as_the_librarys(name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
    """The same text form, fields, equality, and errors."""
    assert told(OURS[name], arguments, named) == told(LIBRARY[name], arguments, named)


@pytest.mark.parametrize("name", OURS)
def test_a_class_is_as_the_librarys(name: str) -> None:
    """The same slots, patterns, and parameters; the latter once an instance has been made."""
    ours, library = OURS[name], LIBRARY[name]
    with suppress(TypeError):
        ours()
    assert ours.__slots__ == library.__slots__
    assert ours.__match_args__ == library.__match_args__
    assert (ours.__hash__ is None) == (library.__hash__ is None)
    parameters = [
        [
            (each.name, each.kind, each.default is each.empty)
            for each in inspect.signature(kind).parameters.values()
        ]
        for kind in (ours, library)
    ]
    assert parameters[0] == parameters[1]


def test_a_default_is_made_for_each() -> None:
    """No two instances share a list."""
    assert OURS["Frozen"](1).c is not OURS["Frozen"](1).c


@pytest.mark.parametrize("name", ["Frozen", "Derived"])
def test_a_frozen_one_cannot_change(name: str) -> None:
    """Neither set nor deleted."""
    value = OURS[name](a=1) if name == "Frozen" else OURS[name](at=1, filename="x")
    first = dataclasses.fields(value)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(value, first, 2)
    with pytest.raises(FrozenInstanceError):
        delattr(value, first)


@dataclass(frozen=True, slots=True)
class Point:
    """Can be imported, so it can be pickled."""

    x: float
    y: float = 0.0


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_equal_ones_have_one_hash(x: float, y: float) -> None:
    """Also after a trip through another process."""
    value, same = Point(x, y), pickle.loads(pickle.dumps(Point(x, y)))
    assert value == same
    assert hash(value) == hash(same)
    assert Point(x, y) in {value}


def test_classes_differ() -> None:
    """Equal fields of another class are another value."""
    assert OURS["Frozen"](1) != LIBRARY["Frozen"](1)
    with pytest.raises(TypeError):
        hash(OURS["Open"](1))


@pytest.mark.parametrize("name", OURS)
def test_the_signature_is_that_of_the_standard_library(name: str) -> None:
    """For ``help``, editors, and frameworks that call a class by its signature. Defaults from functions differ."""
    ours, theirs = (inspect.signature(classes[name]) for classes in (OURS, LIBRARY))
    assert str(ours) == str(theirs)
