"""Live events: a listener that cannot be served leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from builders.other_thread import run_in_thread
from strandline.errors import CatalogError
from strandline.runtime.assembly import open_store
from strandline.web import live
from strandline.web.live import Listener, Live


def test_a_listener_is_forgotten_where_the_feed_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page retries every few seconds, and nobody would read the queues of the earlier ones."""
    made: list[weakref.ref[Listener]] = []

    class Noted(Listener):
        def __init__(self, may_listen: Callable[[], bool]) -> None:
            super().__init__(may_listen)
            made.append(weakref.ref(self))

    monkeypatch.setattr(live, "Listener", Noted)
    store = open_store(tmp_path)
    store.close()
    events = Live(store)

    async def listen() -> None:
        async with events.listen(lambda: True):
            pass

    for _ in range(3):
        with pytest.raises(CatalogError):
            run_in_thread(lambda: asyncio.run(listen()))
    gc.collect()
    assert [each() for each in made] == [None] * 3
