"""Readiness: whether the catalog answers, for a load balancer. Everybody may ask, so the catalog is asked rarely."""

from __future__ import annotations

import asyncio
import time

from strandline.errors import StrandlineError
from strandline.runtime.assembly import LocalStore
from strandline.web.threads import Crossing

FRESH_S = 1.0
"""So long an answer counts, however many ask."""

LIMIT_S = 3.0
"""A catalog that has not answered by then does not answer."""


class Readiness:
    """Of one server. Used on its event loop only."""

    def __init__(self, store: LocalStore, crossing: Crossing) -> None:
        self._store = store
        self._crossing = crossing
        self._known: tuple[float, bool] | None = None
        self._looking: asyncio.Task[bool] | None = None

    async def ask(self) -> bool:
        """Whether the catalog answers now, or did so a moment ago. One look at a time, however many wait for it."""
        if self._known is not None and time.monotonic() - self._known[0] < FRESH_S:
            return self._known[1]
        if self._looking is None:
            self._looking = asyncio.create_task(self._crossing.quick(self._look))
            self._looking.add_done_callback(self._note)
        done, _ = await asyncio.wait({self._looking}, timeout=LIMIT_S)
        return self._known is not None and self._known[1] if done else False

    def _look(self) -> bool:
        try:
            self._store.check_ready()
        except StrandlineError:
            return False
        return True

    def _note(self, looked: asyncio.Task[bool]) -> None:
        self._known = (
            time.monotonic(),
            not looked.cancelled() and looked.exception() is None and looked.result(),
        )
        self._looking = None
