"""A clock that tests move by hand, so that a day passes in no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """The wall clock and monotonic clock of a store. They move together, and only by hand.

    They start at the machine's own time, because files that a test writes get their mtimes from it. Use them as
    ``Workbench(…, now=clock.now, monotonic=clock.monotonic, sleep=clock.sleep)`` or ``open_store(home,
    now=clock.now)``.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC)
        self._monotonic_s = 1000.0

    def now(self) -> datetime:
        """The wall clock, aware and in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since an arbitrary time."""
        return self._monotonic_s

    def sleep(self, seconds: float) -> None:
        """Advances the time without waiting."""
        self.pass_time(seconds=seconds)

    def pass_time(
        self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> datetime:
        """Moves both clocks forward by the sum. Returns the new time."""
        span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        self._now += span
        self._monotonic_s += span.total_seconds()
        return self._now

    def set_wall_clock(self, now: datetime) -> None:
        """Sets only the wall clock, as a person or a time server does."""
        self._now = now
