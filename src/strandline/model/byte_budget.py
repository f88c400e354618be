"""A budget of bytes per hour, for reading that nobody waits for. Pure: the time is an argument."""

from __future__ import annotations

SECONDS_PER_HOUR = 3600


class ByteBudget:
    """Grants a number of bytes per hour, refilled steadily. An hour's worth may be spent at once.

    Law: in any span of ``s`` seconds at most ``bytes_per_hour * (1 + s / 3600)`` are granted. There is one exception:
    a full budget always grants one file, however large, because otherwise that file would never be read.
    """

    def __init__(self, bytes_per_hour: int, now_s: float) -> None:
        self._bytes_per_hour = bytes_per_hour
        self._spent_bytes = 0.0
        self._refilled_s = now_s

    def try_spend(self, size_bytes: int, now_s: float) -> bool:
        """Takes the bytes from the budget. If there are too few, returns False and takes nothing."""
        refill_bytes = self._bytes_per_hour * (now_s - self._refilled_s) / SECONDS_PER_HOUR
        self._spent_bytes = max(0.0, self._spent_bytes - refill_bytes)
        self._refilled_s = now_s
        is_full = not self._spent_bytes
        if not self._bytes_per_hour or (
            self._spent_bytes + size_bytes > self._bytes_per_hour and not is_full
        ):
            return False
        self._spent_bytes += size_bytes
        return True
