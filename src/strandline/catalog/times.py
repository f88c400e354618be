"""Times as the catalog stores them: whole microseconds since 1970 in UTC, exact both ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import overload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@overload
def as_microseconds(at: datetime) -> int: ...
@overload
def as_microseconds(at: datetime | None) -> int | None: ...
def as_microseconds(at: datetime | None) -> int | None:
    """Microseconds since 1970 of an aware datetime; None for None."""
    return None if at is None else (at - _EPOCH) // _MICROSECOND


@overload
def from_microseconds(us: int) -> datetime: ...
@overload
def from_microseconds(us: int | None) -> datetime | None: ...
def from_microseconds(us: int | None) -> datetime | None:
    """The inverse of :func:`as_microseconds`, in UTC; None for None."""
    return None if us is None else _EPOCH + timedelta(microseconds=us)
