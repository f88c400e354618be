"""A clock that tests move by hand, so that a day passes in no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """The wall clock and the monotonic clock of a store, moved together and only by hand.

    It starts at the machine's own time, because the files that a test writes get mtimes from there.
    Hand it in as ``Workbench(…, now=clock.now, monotonic=clock.monotonic, sleep=clock.sleep)`` or as
    ``open_store(home, now=clock.now)``.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC)
        self._monotonic_s = 1000.0

    def now(self) -> datetime:
        """The wall clock, aware and in UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since no particular time."""
        return self._monotonic_s

    def sleep(self, seconds: float) -> None:
        """Lets the time pass without waiting for it."""
        self.pass_time(seconds=seconds)

    def pass_time(
        self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0
    ) -> datetime:
        """Moves both clocks forward by the sum; the time it is then."""
        span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        self._now += span
        self._monotonic_s += span.total_seconds()
        return self._now

    def set_wall_clock(self, now: datetime) -> None:
        """Sets the wall clock alone, as a person or a time server does."""
        self._now = now
