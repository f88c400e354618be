"""``strandline serve``: the daemon, and the server for browsers and other programs on this machine.

It prints a link that signs one browser in, also into the log of a service: the link works once, and only for ten
minutes.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack

import click

from strandline.cli.exit_status import ExitStatus
from strandline.cli.lazy_commands import Verb
from strandline.cli.log import begin_log, log_options
from strandline.cli.numbers import WholeNumber
from strandline.cli.session import Session
from strandline.cli.writing import is_terminal, say, write_line
from strandline.model.defaults import MAX_PORT


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
        store = opened.enter_context(session.open_store())
        from strandline.runtime.daemon import check_alone, run_daemon
        from strandline.runtime.event_log import logging_events
        from strandline.runtime.local_folders import open_beside
        from strandline.runtime.shared_sign_ins import make_link_to
        from strandline.runtime.sign_in import ServerUrls, announcing
        from strandline.web.beside import create_site
        from strandline.web.server import find_address, serve
        from strandline.web.site import get_public_address

        begin_log(store.settings.log.level, verbose, quiet)
        local = open_beside(store)
        if local is not None:
            opened.enter_context(local)
        stores = (store,) if local is None else (store, local)
        for each in stores:
            check_alone(each.home, shared=each.is_shared)  # before its port, which that process has
        web = store.settings.web
        public = get_public_address(web)
        address = find_address(web.host if host is None else host, web.port if port is None else port)
        own = address.url.rstrip("/")
        urls = ServerUrls(f"{own}{public.base}/", public.say_url(address.network_url.rstrip("/")))

        def tell() -> None:
            link = make_link_to(store, urls.public)
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

        for each in stores:
            opened.enter_context(run_daemon(each))
            opened.enter_context(logging_events(each))
        opened.enter_context(announcing(store.home, urls))
        app = create_site(store, local, port=address.port, is_loopback=address.is_loopback)
        opened.callback(app.close)
        serve(app, address, tell)
    return ExitStatus.DONE
