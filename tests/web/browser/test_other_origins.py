"""Pages of other origins in a real browser: docs/howto/web-pages.md says what each may do, and with which secret."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from builders.pictures import make_picture
from builders.served import LIMIT_S, Served
from builders.storage import id_of

from .conftest import Serve

HOWTO = (Path(__file__).parents[3] / "docs/howto/web-pages.md").read_text()
PHOTO = make_picture("png", seed=1)
SECRETS = ("session", "key", "token")

TRY = """
async ({ server, image, what, secret, key, token }) => {
  const withSession = { credentials: "include" };
  const withToken = { credentials: "omit", headers: { Authorization: `Bearer ${token}` } };
  const options = secret === "token" ? withToken : withSession;
  const address = `${server}/i/${image}` + (secret === "key" ? `?key=${key}` : "");

  const load = (crossOrigin) => new Promise((resolve, reject) => {
    const picture = new Image();
    if (crossOrigin) picture.crossOrigin = crossOrigin;
    picture.onload = () => resolve(picture);
    picture.onerror = () => reject(new Error("no picture"));
    picture.src = address;
  });
  const readPixel = (picture) => {
    const context = document.createElement("canvas").getContext("2d");
    context.drawImage(picture, 0, 0);
    return context.getImageData(0, 0, 1, 1);
  };
  const request = async (path, more) => {
    const answer = await fetch(`${server}${path}`, { ...options, ...more });
    if (!answer.ok) throw new Error(answer.status);
    return answer;
  };
  const tries = {
    show: () => load(),
    pixels: async () => {
      if (secret !== "token") return readPixel(await load(secret === "key" ? "anonymous" : "use-credentials"));
      return readPixel(await createImageBitmap(await (await request(`/i/${image}`)).blob()));
    },
    read: async () => (await request("/api/v1/sds")).json(),
    events: () => secret === "token"
      ? request("/api/v1/events").then((answer) => answer.body.cancel())
      : new Promise((resolve, reject) => {
          const events = new EventSource(`${server}/api/v1/events`, { withCredentials: true });
          events.onopen = () => resolve(events.close());
          events.onerror = () => reject(events.close());
        }),
    write: () => request("/api/v1/scans", {
      method: "POST",
      body: "{}",
      headers: { "Content-Type": "application/json", ...options.headers },
    }).then((answer) => answer.json()),
  };
  try {
    await tries[what]();
    return true;
  } catch {
    return false;
  }
}
"""
WHATS = ("show", "pixels", "read", "events", "write")
"""The columns of the table."""


@contextmanager
def serving_blank_pages() -> Iterator[int]:
    """Another server of this machine. Gives its port."""

    class Blank(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Blank) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join(LIMIT_S)


@pytest.fixture
def other_port() -> Iterator[int]:
    """The port of another server."""
    with serving_blank_pages() as port:
        yield port


@contextmanager
def opening(chromium: Browser, served: Served, address: str, *, signed_in: bool) -> Iterator[Page]:
    """A page at that address, in a browser of its own."""
    context = chromium.new_context()
    try:
        page = context.new_page()
        if signed_in:
            page.goto(served.address.url.rstrip("/") + served.make_link(), wait_until="commit")
        page.goto(address, wait_until="load")
        yield page
    finally:
        context.close()


def find_what_works(chromium: Browser, served: Served, address: str) -> tuple[str, ...]:
    """For each column, the secrets with which a page at that address can do it. A page that shows the key or sends
    the token is not signed in.
    """
    works: dict[str, list[str]] = {what: [] for what in WHATS}
    home = served.store.home
    given = {
        "server": served.address.url.rstrip("/"),
        "image": id_of(PHOTO),
        "key": (home / "image-key").read_text().strip(),
        "token": (home / "web-token").read_text().strip(),
    }
    for secret in SECRETS:
        with opening(chromium, served, address, signed_in=secret == "session") as page:
            for what in WHATS:
                is_senseless = (secret == "key" and what in ("read", "events", "write")) or (
                    secret == "token" and what == "show"
                )  # nothing sends it
                if not is_senseless and page.evaluate(TRY, {**given, "what": what, "secret": secret}):
                    works[what].append(secret)
    return tuple(", ".join(works[what]) or "\u2013" for what in WHATS)


def test_the_table_of_the_guide_is_what_a_browser_does(
    chromium: Browser, serve: Serve, other_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cell by cell, for pages of the server itself, of other ports and names, allowed or not, and of a file."""
    same_host, other_host = f"http://127.0.0.1:{other_port}", f"http://localhost:{other_port}"
    (tmp_path / "page.html").write_text("<!doctype html>")
    rows = re.findall(
        r"^\| (\w[^|]+) \| ([^|\n]+) \| ([^|\n]+) \| ([^|\n]+) \| ([^|\n]+) \| ([^|\n]+) \|$",
        HOWTO,
        re.MULTILINE,
    )
    told = [tuple(row[1:]) for row in rows[1:]]
    monkeypatch.setenv("STRANDLINE_WEB_ALLOW_ORIGINS", f"{same_host} {other_host}")
    served = serve(PHOTO)
    places = (f"{served.address.url}healthz", same_host, other_host)
    seen = [find_what_works(chromium, served, address) for address in places]
    with serving_blank_pages() as third_port:
        strangers = (
            f"http://127.0.0.1:{third_port}", f"http://localhost:{third_port}",
            (tmp_path / "page.html").as_uri(),
        )  # fmt: skip
        of_strangers = {find_what_works(chromium, served, address) for address in strangers}
    assert len(of_strangers) == 1, of_strangers
    assert told == [*seen, *of_strangers]


def test_the_stream_of_the_guide_follows_events(
    chromium: Browser, serve: Serve, other_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the token, from a page of another site; also over a connection that ended, without missing one."""
    origin = f"http://localhost:{other_port}"
    monkeypatch.setenv("STRANDLINE_WEB_ALLOW_ORIGINS", origin)
    served = serve(PHOTO)
    [script] = re.findall(r"^```js\n(.*?)^```$", HOWTO, re.MULTILINE | re.DOTALL)
    first, second = (make_picture("png", seed=seed) for seed in (2, 3))
    with opening(chromium, served, origin, signed_in=False) as page:
        page.add_script_tag(content=script)
        server, home = served.address.url.rstrip("/"), served.store.home
        with page.expect_response(f"{server}/api/v1/events"):
            page.evaluate(
                """([server, token]) => {
                  window.told = [];
                  window.end = new AbortController();
                  const note = (type, event) => told.push([type, event.image_id]);
                  window.ended = follow(server, token, note, end.signal);
                }""",
                [server, (home / "web-token").read_text().strip()],
            )
        served.store.save(first, sd="Notes")
        page.wait_for_function("told.length === 1")
        with page.expect_response(f"{server}/api/v1/events"):
            for listener in served.app.backend.live._listeners:
                listener.may_listen = lambda: False  # the next look at the secrets ends the stream
        served.store.save(second, sd="Notes")
        page.wait_for_function("told.length === 2")
        page.evaluate("end.abort(); ended")
        assert page.evaluate("told") == [["image.available", id_of(data)] for data in (first, second)]
