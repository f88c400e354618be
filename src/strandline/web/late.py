"""Late: a shared catalog that did not answer when the server started joins it once it does.

Until then the server shows this machine's own folders. Nobody has to start it again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from strandline.errors import StrandlineError
from strandline.logs import get_logger
from strandline.runtime.assembly import LocalStore
from strandline.runtime.daemon import run_daemon
from strandline.runtime.event_log import logging_events
from strandline.web.app import create_app
from strandline.web.beside import Beside

log = get_logger(__name__)

RETRY_S = 5.0
"""Between two tries. Each may take two seconds."""


@contextmanager
def joining_late(
    site: Beside, open_team: Callable[[], LocalStore], *, port: int, is_loopback: bool
) -> Iterator[None]:
    """While the block runs, tries to open the store of the shared catalog in the background. If that works, watches
    and serves it, too. Closes it at the end of the block, before ``site``.
    """
    stop, joined = threading.Event(), ExitStack()

    def try_again() -> None:
        last = ""
        while not stop.wait(RETRY_S):
            with ExitStack() as opened:
                try:
                    store = opened.enter_context(open_team())
                    opened.enter_context(run_daemon(store))
                    opened.enter_context(logging_events(store))
                    team = create_app(store, port=port, is_loopback=is_loopback)
                except StrandlineError as error:
                    if error.message != last:  # once, however long it is away
                        last = error.message
                        log.warning("the shared catalog is not served yet: %s", last)
                    continue
                opened.callback(team.close)
                joined.push(opened.pop_all())
                site.join(team)
                log.warning("the shared catalog answers, and is served")
                return

    thread = threading.Thread(target=try_again, name="strandline-late", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        joined.close()
