"""``strandline sign-in`` and ``strandline token``: how browsers and programs get in to the server.

Neither opens a catalog, unless others share it; the other tokens are in :mod:`~.tokens`. Both work with files in the
home, so only its owner can use them, and a running server takes over what they write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from strandline.cli.lazy_commands import LazyGroup, Verb
from strandline.cli.overview import Row
from strandline.cli.session import Session
from strandline.cli.writing import say, write_line
from strandline.errors import CatalogAwayError, ServerNotRunningError

if TYPE_CHECKING:
    from pathlib import Path

    from strandline.runtime.sign_in import ServerUrls

TOKEN_TABLE = {
    "show": Row("sign_in:show", "Print the token."),
    "rotate": Row("sign_in:rotate", "Replace the token, and end all sessions."),
    "create": Row("tokens:create", "Make a token for a program or a person."),
    "list": Row("tokens:list_", "List the tokens that were made."),
    "revoke": Row("tokens:revoke", "End a token."),
}

token = LazyGroup(
    "token", table=TOKEN_TABLE, help="Show the server's token, and make others with fewer rights."
)

ANSWER_LIMIT_S = 5.0

TAKE_OVER_S = 4.0
"""A running server looks for a new token each second."""


@click.command("sign-in", cls=Verb)
@click.option("--open", "open_browser", is_flag=True, help="Open the link in a browser.")
@click.pass_obj
def sign_in(session: Session, open_browser: bool) -> None:
    """Make a link that signs a browser in to the running server.

    The link works once, within ten minutes.
    """
    from strandline.runtime.sign_in import find_server, make_sign_in_link

    home = session.find_home()
    urls = find_server(home)
    if urls is None or not _is_answering(home, urls):
        raise ServerNotRunningError(
            f"no server of the home {home} runs; start one with `strandline serve`, which prints a link as well",
            home=str(home),
        )
    if _shares_catalog(session):
        link = _make_shared_link(session, urls.public)
    else:
        link = make_sign_in_link(home, urls.public)
    session.answer({"sign_in_link": link}, lambda: write_line(link))
    if open_browser:
        click.launch(link)


def _make_shared_link(session: Session, address: str) -> str:
    """The link. While the shared catalog is away, one for this machine's own folders, if they are served."""
    from strandline.runtime.daemon import is_watched
    from strandline.runtime.shared_sign_ins import make_link_to
    from strandline.runtime.sign_in import make_sign_in_link

    try:
        with session.open_store() as store:
            return make_link_to(store, address)
    except CatalogAwayError as error:
        home = session.find_home()
        if not is_watched(home, shared=False):
            raise
        say(f"{error.message}; until then, the link opens only this machine's own folders")
        return make_sign_in_link(home, address)


@click.command("show", cls=Verb)
@click.pass_obj
def show(session: Session) -> None:
    """Print the token.

    Programs send it with each request: Authorization: Bearer TOKEN.
    """
    from strandline.runtime.home import ensure_home
    from strandline.runtime.web_secrets import TOKEN_FILE, ensure_secret

    home = session.find_home()
    ensure_home(home)
    found = ensure_secret(home / TOKEN_FILE)
    session.answer({"token": found, "path": str(home / TOKEN_FILE)}, lambda: write_line(found))


@click.command("rotate", cls=Verb)
@click.pass_obj
def rotate(session: Session) -> None:
    """Replace the token, and end all sessions.

    Prints the new token. Every browser must sign in again, and every program needs the new token. If a server runs,
    waits until it has taken the token over, and says so if it does not.
    """
    from strandline.runtime.home import ensure_home
    from strandline.runtime.sign_in import find_server
    from strandline.runtime.web_secrets import TOKEN_FILE, rotate_secret

    home = session.find_home()
    ensure_home(home)
    made = rotate_secret(home / TOKEN_FILE)
    if _shares_catalog(session):
        from strandline.runtime.shared_sign_ins import end_shared_sessions

        with session.open_store() as store:
            end_shared_sessions(store)
    urls = find_server(home)
    is_old = urls is not None and _is_answering(home, urls) and not _takes_over(urls.own, made)
    session.answer(
        {"token": made, "path": str(home / TOKEN_FILE), "signed_out": not is_old}, lambda: write_line(made)
    )
    if is_old:
        say(
            "the token was replaced, but the running server still uses the old one; restart it to end all sessions"
        )
    else:
        say("the token was replaced, and all browsers are signed out")


def _shares_catalog(session: Session) -> bool:
    """Whether other servers use the catalog of this home, too."""
    return session.shares_catalog()


def _takes_over(address: str, token: str) -> bool:
    """Waits until the server accepts the token. False if it did not in time."""
    import time
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import ProxyHandler, Request, build_opener

    request = Request(f"{address}api/v1/openapi.json", headers={"Authorization": f"Bearer {token}"})
    until_s = time.monotonic() + TAKE_OVER_S
    while True:
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=ANSWER_LIMIT_S):
                return True
        except HTTPError as error:
            error.close()
        except (OSError, HTTPException, ValueError):
            return True  # it has stopped, and its next start reads the new token
        if time.monotonic() > until_s:
            return False
        time.sleep(0.2)


def _is_answering(home: Path, urls: ServerUrls) -> bool:
    """Whether the server is there. If it was killed, its address is still in the home, and another program may have
    its port now. That program must not be told the token.
    """
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import ProxyHandler, build_opener

    from strandline.runtime.daemon import is_watched

    if not (is_watched(home, shared=True) or is_watched(home, shared=False)):
        return False
    try:
        with build_opener(ProxyHandler({})).open(f"{urls.own}healthz", timeout=ANSWER_LIMIT_S) as answer:
            return bool(answer.read(100) == b"ok")
    except HTTPError as error:
        error.close()
        return False
    except (OSError, HTTPException, ValueError):  # not in HTTP, or what was left is no address
        return False
