"""Rendering: the templates, what they may call, and the headers of every page.

A template never decides. A page prepares everything that it shows, and a missing word is an error
(``StrictUndefined``), not an empty place.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Coroutine, Mapping
from functools import cache, lru_cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from strandline import __version__
from strandline.errors import StrandlineError
from strandline.model import state_words
from strandline.model.meaning_words import say_meaning
from strandline.model.plain_words import say_bytes, say_checked, say_count, show_plainly
from strandline.web.backend import Backend
from strandline.web.door import find_local
from strandline.web.heads import read_head
from strandline.web.pages import words as words
from strandline.web.pages.api_words import find_first_sentence, mark_code
from strandline.web.pages.month_runs import say_run
from strandline.web.pages.page_words import say_on_page
from strandline.web.problems import answer_fault, log_fault
from strandline.web.site import SWITCH, base_of, path_of
from strandline.web.statuses import http_status_of

TEMPLATES = Path(__file__).parents[1] / "templates"
STATIC = Path(__file__).parents[1] / "static"

PAGE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
"""``same-origin``, because ``no-referrer`` would set a form's ``Origin`` to null, but writes require it."""


BARE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

INLINE_STYLES = {
    "tokens": "tokens", "base": "base", "layout": "layout", "controls": "components", "door": "pages",
}  # fmt: skip
"""Those that a page needs that can load none, and the layers that ``strandline.css`` gives them."""


@cache
def get_inline_style() -> tuple[Markup, str]:
    """The styles as one text, and the policy that allows exactly this text."""
    parts = (
        f"@layer {layer} {{{(STATIC / 'css' / f'{name}.css').read_text('utf-8')}}}"
        for name, layer in INLINE_STYLES.items()
    )
    style = "\n".join(("@layer tokens, base, layout, components, pages;", *parts))
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return Markup(style), BARE_POLICY.replace("'self'", f"'sha256-{digest}'", 1)


@lru_cache(maxsize=8)
def _get_environment(base: str) -> Environment:
    """The templates of a server whose addresses begin with the base path. A process has one, or a few in tests."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "plainly": show_plainly,
        "on_page": say_on_page,
        "sentence": words.say_sentence,
        "bytes": partial(say_bytes, unknown="size not known"),
        "count": say_count,
        "checked": say_checked,
        "day": words.say_day,
        "local_day": words.say_local_day,
        "moment": words.say_moment,
        "clock": words.say_clock,
        "lately": words.say_lately,
        "month": words.say_month,
        "meaning": say_meaning,
        "type": words.say_type,
        "marked": mark_code,
        "first_sentence": find_first_sentence,
        "key": words.key_of,
        "in_address": words.in_address,
    }
    environment.tests |= {"address": words.has_address}
    environment.globals |= {
        "base": base,
        "title_of": words.title_of,
        "label_of": words.label_of,
        "folder_of": words.say_folder,
        "place_of": words.say_place,
        "waiting_badge": words.say_waiting,
        "say_entry": words.say_entry,
        "say_fact": words.say_fact,
        "say_run": say_run,
        "version": __version__,
        "say_summary": words.say_summary,
        "tile_badge": words.tile_badge,
        "is_unseen": words.is_unseen,
        "file_badge": state_words.word_of_file,
        "disk_badge": words.say_disk,
        "path_in": words.path_in,
        "sd_badge": state_words.STORAGE_DIR_WORDS.__getitem__,
        "has_address": words.has_address,
    }
    return environment


def find_since(backend: Backend) -> str:
    """The id of the newest event. A page that is drawn after this call misses only later events."""
    journal = backend.store.journal
    return journal.format_position(journal.find_position().seq)


def render(base: str, template: str, *, status: int = 200, **context: object) -> Response:
    """A page of the server whose addresses begin with the base path."""
    text = _get_environment(base).get_template(template).render(context, switch=SWITCH.get())
    return HTMLResponse(text, status_code=status, headers=PAGE_HEADERS)


def render_bare(
    base: str, template: str, *, status: int, headers: Mapping[str, str] | None = None, **context: object
) -> Response:
    """A page for somebody who is not signed in: it runs no script and loads only styles."""
    text = _get_environment(base).get_template(template).render(context)
    policy = {"content-security-policy": BARE_POLICY}
    return HTMLResponse(text, status_code=status, headers=PAGE_HEADERS | policy | dict(headers or {}))


def render_error(request: Request, message: str, status: int, title: str) -> Response:
    """A page with the error's message and what to do, and the way back if a page of this server led here."""
    return render(
        base_of(request.scope), "error.html", status=status, place=None, message=message, title=title,
        back=find_back(request), back_word="Back",
    )  # fmt: skip


def find_back(request: Request) -> str:
    """The address of the page that led here, without its server. Empty if that is another server's, or this one."""
    here = request.url
    try:
        came = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # it is no address
        return ""
    if came.netloc != request.headers.get("host") or came.path == here.path or request.method != "GET":
        return ""
    return find_local(came.path + (f"?{came.query}" if came.query else ""))


NO_ADDRESS = (
    "There is nothing at this address. If you typed it, look for a mistake; if a link led here, what it led to may "
    "have been renamed or forgotten"
)


NOTHING = "Nothing is here"
FAILED = "That did not work"
UNMADE = "This page could not be made"

FAULT = (
    "This is a fault in Strandline, not something that you did. Try again. If it happens again, the server's log "
    "says what went wrong."
)
"""What a person reads instead of a page that could not be made."""


def add_error_pages(app: FastAPI) -> None:
    """Answers with a page instead of a problem if a browser navigates: to an address that does not exist, or to a
    page that cannot be made.
    """
    answer_problem = app.exception_handlers[HTTPException]

    async def on_http_exception(request: Request, error: Exception) -> Response:
        head = read_head(request.scope)
        if isinstance(error, HTTPException) and error.status_code == 404 and head.wants_page:
            base = base_of(request.scope)
            if head.path.endswith("/"):
                return RedirectResponse(f"{base}{find_local(head.path.rstrip('/'))}", status_code=303)
            return render_error(request, NO_ADDRESS, 404, NOTHING)
        answer = answer_problem(request, error)
        return answer if isinstance(answer, Response) else await answer

    async def on_fault(request: Request, error: Exception) -> Response:
        if not read_head(request.scope).wants_page:
            return answer_fault(request.method, path_of(request.scope), error)
        log_fault(request.method, path_of(request.scope), error)
        return render_error(request, FAULT, 500, UNMADE)

    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(Exception, on_fault)


class PageRoute(APIRoute):
    """A route whose errors are pages. The rest of the app answers with problems."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's hook."""
        handle = super().get_route_handler()

        async def handle_page(request: Request) -> Response:
            try:
                return await handle(request)
            except StrandlineError as error:
                status = http_status_of(error)
                title = NOTHING if status == 404 else FAILED
                return render_error(request, error.message, status, title)
            except RequestValidationError:
                message = "this address, or this form, is not as the page made it"
                return render_error(request, message, 422, FAILED)

        return handle_page
