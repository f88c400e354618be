"""JSON forms: keys and paths to their values, the same for every face."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar

import pytest

from strandline.model.json_form import JsonForm, Table, own_keys, to_json
from strandline.model.values import dataclass


class Mood(StrEnum):
    """Something with names."""

    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Inner(JsonForm):
    """All of its fields are keys."""

    mood: Mood
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outer(JsonForm):
    """Its keys differ from its fields."""

    inner: Inner | None
    others: tuple[Inner, ...] = ()

    JSON: ClassVar[Table] = {
        "mood": "inner.mood",
        "group": {"count": "count", "first": "inner"},
        **own_keys("others"),
    }

    @property
    def count(self) -> int:
        """No field."""
        return len(self.others)


AT = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_fields_are_keys_unless_a_table_says_otherwise() -> None:
    """Enumerations and times become text, and inner values become objects."""
    inner = Inner(Mood.GOOD, AT)
    plain = {"mood": "good", "at": "2026-11-29T12:00:00.000000Z"}
    assert inner.to_json() == plain
    assert Outer(inner, (inner,)).to_json() == {
        "mood": "good",
        "group": {"count": 1, "first": plain},
        "others": [plain],
    }


def test_a_path_through_nothing_ends_in_nothing() -> None:
    """The result is null, not an error."""
    assert Outer(None).to_json() == {"mood": None, "group": {"count": 0, "first": None}, "others": []}


@pytest.mark.parametrize("value", [None, True, 3, 2.5, "text", [1, [2]], {"a": {"b": None}}])
def test_what_json_has_stays_as_it_is(value: object) -> None:
    """Plain values stay, whatever contains them."""
    assert to_json(value) == value == json.loads(json.dumps(value))


def test_what_has_no_form_is_an_error() -> None:
    """An unsupported value raises an error."""
    with pytest.raises(AttributeError):
        to_json(object())
