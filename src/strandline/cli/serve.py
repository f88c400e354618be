"""``strandline serve``: the daemon, and the server for browsers and other programs on this machine.

It prints a link that signs one browser in, also into the log of a service: the link works once, and only for ten
minutes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

import click

from strandline.cli.exit_status import ExitStatus
from strandline.cli.interrupts import ending_on_signals
from strandline.cli.lazy_commands import Verb
from strandline.cli.log import begin_log, log_options, logging_life
from strandline.cli.numbers import WholeNumber
from strandline.cli.session import Session
from strandline.cli.writing import is_terminal, say, write_line
from strandline.errors import CatalogAwayError
from strandline.model.defaults import MAX_PORT

if TYPE_CHECKING:
    from strandline.runtime.assembly import LocalStore
    from strandline.web.server import Address, Served


@click.command("serve", cls=Verb)
@click.option("--host", metavar="HOST", help="Where to listen; the setting web.host by default.")
@click.option(
    "--port",
    type=WholeNumber(0, MAX_PORT),
    metavar="PORT",
    help="The port; the setting web.port by default. 0 takes a free one.",
)
@log_options
@click.option("--open", "open_browser", is_flag=True, help="Open the gallery in a browser.")
@click.pass_obj
def serve(
    session: Session, host: str | None, port: int | None, open_browser: bool, verbose: int, quiet: bool
) -> int:
    """Watch storage directories and serve the gallery and the API.

    When it is ready, prints its address, then a link that signs one browser in, once, within ten minutes. Runs until
    Ctrl-C or SIGTERM. Only this machine can reach it unless you set --host.

    With a shared catalog, the folders of this machine's own one are served to you, too, at /local/.
    """
    from strandline.extras import SERVE, check_extra

    check_extra(SERVE)
    with ExitStack() as opened:
        stop = opened.enter_context(ending_on_signals())  # also while the catalog is opened
        stores = open_stores(session)
        for each in stores.opened:
            opened.enter_context(each)
        if stop.is_set():
            return ExitStatus.DONE
        from strandline.runtime.daemon import check_alone, run_daemon
        from strandline.runtime.event_log import logging_events
        from strandline.runtime.shared_sign_ins import make_link_to
        from strandline.runtime.sign_in import ServerUrls, announcing
        from strandline.web.server import find_address, serve
        from strandline.web.site import get_public_address

        main = stores.opened[0]
        begin_log(main.settings.log.level, verbose, quiet)
        for each in stores.opened:
            check_alone(each.home, shared=each.is_shared)  # before its port, which that process has
        opened.enter_context(logging_life("serve", main.settings.log.level, verbose, quiet))
        web = main.settings.web
        public = get_public_address(web)
        address = find_address(web.host if host is None else host, web.port if port is None else port)
        own = address.url.rstrip("/")
        urls = ServerUrls(f"{own}{public.base}/", public.say_url(address.network_url.rstrip("/")))

        def tell() -> None:
            link = make_link_to(main, urls.public)
            lines = f"{urls.own}\n{link}"
            session.answer({"address": urls.own, "sign_in_link": link}, lambda: write_line(lines))
            if not address.is_loopback and not quiet:
                say(
                    f"other devices in the network can reach this server, at {address.network_url}; the connection "
                    "is not encrypted (docs/howto/reverse-proxy.md)"
                )
            if is_terminal(sys.stderr) and not quiet:
                say("serving; the second line signs your browser in, once; press Ctrl-C to stop")
            if open_browser:
                click.launch(link)

        for each in stores.opened:
            opened.enter_context(run_daemon(each))
            opened.enter_context(logging_events(each))
        opened.enter_context(announcing(main.home, urls))
        serve(opened.enter_context(_running_site(session, stores, address)), address, stop, tell)
    return ExitStatus.DONE


class Stores(NamedTuple):
    """What a server shows."""

    store: LocalStore | None
    """Of the home's catalog. None if that is a shared one that does not answer yet."""
    local: LocalStore | None
    """Of this machine's own folders beside a shared catalog. None if there are none."""

    @property
    def opened(self) -> list[LocalStore]:
        """One or both."""
        return [each for each in self if each is not None]


def open_stores(session: Session) -> Stores:
    """The stores of this home. Says it if only one of two can be opened now.

    Raises:
        StrandlineError: None can.
    """
    from strandline.runtime.local_folders import open_beside, open_own

    try:
        store = session.open_store(begins=True)
    except CatalogAwayError as error:
        local = open_own(session.find_home())
        if local is None:
            raise
        say(f"{error.message}; until then, only this machine's own folders are served")
        return Stores(None, local)
    return Stores(store, open_beside(store))


@contextmanager
def _running_site(session: Session, stores: Stores, address: Address) -> Iterator[Served]:
    """The application, and what runs beside it."""
    from strandline.runtime.assembly import open_store
    from strandline.web.beside import Beside, create_site
    from strandline.web.late import joining_late

    with ExitStack() as opened:
        site = create_site(*stores, port=address.port, is_loopback=address.is_loopback)
        opened.callback(site.close)
        if stores.store is None and isinstance(site, Beside):
            late = joining_late(
                site, lambda: open_store(session.home), port=address.port, is_loopback=address.is_loopback
            )
            opened.enter_context(late)
        yield site
