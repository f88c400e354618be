"""The backend: what every request gets: the store, its background work, and the way to reach them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from strandline.runtime.assembly import LocalStore
from strandline.runtime.care_jobs import CareJobs
from strandline.web.live import Live
from strandline.web.readiness import Readiness
from strandline.web.threads import Crossing

SCOPE_KEY = "strandline.backend"
"""Where a request has the backend of one who may see only a part of the store."""


class Backend:
    """One server's tools. Created on any thread, used on the server's event loop. Close it before the store."""

    def __init__(self, store: LocalStore, base: str = "", crossing: Crossing | None = None) -> None:
        """``base`` is the path before every address of the server (``web/site``). With ``crossing``, the threads are
        another backend's.
        """
        self.store = store
        self.base = base
        self.crossing = crossing or Crossing()
        self._owns_crossing = crossing is None
        self.live = Live(store, self.crossing)
        self.care = CareJobs(store.now)
        self.readiness = Readiness(store, self.crossing)
        self.last_target: int | None = None
        """The number of the storage directory into which a person imported last."""

    def close(self) -> None:
        """Ends waiting requests, listeners, scans, and the work that pages started. Idempotent."""
        self.live.end()
        self.stop_work()
        if self._owns_crossing:
            self.crossing.close()

    def stop_work(self) -> None:
        """Ends scans, the feed of events, and the work that pages started. May wait some seconds for it. On any
        thread.
        """
        self.live.stop_feed()
        self.care.stop()
        self.store.scans.stop()
        self.store.arrivals.stop()


def _of_request(request: Request) -> Backend:
    backend = request.scope.get(SCOPE_KEY) or request.app.state.backend
    assert isinstance(backend, Backend)
    return backend


TheBackend = Annotated[Backend, Depends(_of_request)]
"""The type of a route's argument that gets the server's backend."""
