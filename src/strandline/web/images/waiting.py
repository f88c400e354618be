"""``?wait=``: requests that stay open until the image has arrived, so a page shows late images by itself.

Events only say when to look. If nothing watches the folders, the image is looked for again with backoff.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from starlette.responses import Response
from starlette.types import Receive

from strandline.errors import ImageNotFoundError
from strandline.model.events import ImageEvent
from strandline.model.image_ids import ImageId
from strandline.web.live import Listener, Live
from strandline.web.problems import answer_refusal
from strandline.web.threads import Crossing

T = TypeVar("T")

MAX_WAITING = 100
"""Maximum number of waiting requests (SPEC §10). Each holds a connection."""

FIRST_RELOOK_S = 1.0
LONGEST_RELOOK_S = 10.0
"""A look for an image that is nowhere costs some twenty ``lstat`` per storage directory."""


class Waiting:
    """All waiting requests of one server. Used on its event loop only."""

    def __init__(self, live: Live, crossing: Crossing) -> None:
        self._live = live
        self._crossing = crossing
        self._count = 0

    async def until_there(
        self,
        image_id: ImageId,
        limit_s: float,
        look: Callable[[], T],
        receive: Receive,
        may_listen: Callable[[], bool],
    ) -> T | Response | None:
        """The result of ``look`` once it raises no ``ImageNotFoundError``. None if the client has disconnected.

        Raises:
            ImageNotFoundError: The last look failed with it when the time was up, or when the client might not listen
                any more.
        """
        if self._count >= MAX_WAITING:
            return answer_refusal("too-many-waiting", headers={"retry-after": "10"})
        self._count += 1
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            async with self._live.listen(may_listen) as listener:
                return await self._look_until(image_id, limit_s, look, listener, gone)
        finally:
            self._count -= 1
            gone.cancel()

    async def _look_until(
        self,
        image_id: ImageId,
        limit_s: float,
        look: Callable[[], T],
        listener: Listener,
        gone: asyncio.Future[None],
    ) -> T | Response | None:
        loop = asyncio.get_running_loop()
        deadline, relook_s = loop.time() + limit_s, FIRST_RELOOK_S
        while True:
            try:
                return await self._crossing.slow(look)
            except ImageNotFoundError:
                left_s = deadline - loop.time()
                if left_s > 0 and self._live.is_closed:
                    return answer_refusal("server-ends", headers={"retry-after": "10"})
                if left_s <= 0 or listener.is_closed:
                    raise
            news = asyncio.ensure_future(_until_news_of(image_id, listener))
            await asyncio.wait(
                {news, gone}, timeout=min(left_s, relook_s), return_when=asyncio.FIRST_COMPLETED
            )
            news.cancel()
            if gone.done():
                return None
            relook_s = min(relook_s * 2, LONGEST_RELOOK_S)


async def _until_gone(receive: Receive) -> None:
    """Returns when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _until_news_of(image_id: ImageId, listener: Listener) -> None:
    while not listener.is_closed:
        events = await listener.take()
        if listener.has_lagged or any(isinstance(e, ImageEvent) and e.image_id == image_id for e in events):
            listener.has_lagged = False
            return
