"""Readings: secrets are read again for somebody who shows what the server does not know.

That may have been made a moment ago, and anybody may show anything. So there are only so many readings, and all who
ask meanwhile wait for the same one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from strandline.errors import StrandlineError
from strandline.web.threads import Crossing

READ_AGAIN_S = 0.2
"""Whatever people try, the catalog is not asked more often."""


class Reading:
    """Reads something again. ``run`` is for threads, ``learn`` for the event loop."""

    def __init__(self, read: Callable[[], None]) -> None:
        self._read = read
        self._turn = asyncio.Lock()
        self._begun_s = self._done_s = 0.0

        self.fault: StrandlineError | None = None
        """Why the last reading failed, if it did."""

    def run(self) -> None:
        """Reads now.

        Raises:
            StrandlineError: As the reading does.
        """
        begun_s = self._begun_s = time.monotonic()
        try:
            self._read()
            self.fault = None
        except StrandlineError as error:
            self.fault = error
            raise
        finally:
            self._done_s = max(self._done_s, begun_s)

    async def learn(self, crossing: Crossing) -> StrandlineError | None:
        """Returns once a reading has ended that began after this call, and why it failed, if it did."""
        asked_s = time.monotonic()
        async with self._turn:
            if self._done_s < asked_s:
                await asyncio.sleep(max(0.0, self._begun_s + READ_AGAIN_S - time.monotonic()))
            if self._done_s < asked_s:  # nobody else has read meanwhile
                with suppress(StrandlineError):
                    await crossing.quick(self.run)
        return self.fault
