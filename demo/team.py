"""``make demo-team``: an organization on this machine. Two servers and two workers share one catalog and one bucket.

What another program uploads is found and proven by the workers. An image that is saved through one server is seen
live on the other. And if the database is lost, everything is found again by listing the bucket.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from run import paint, relative, say, title
from team_engines import BUCKET, DATABASE, Engines, MissingProgramError, run_engines

BASE = Path(__file__).parent / "out-team"
PICTURES = Path(__file__).parent / "pictures"
PLACE = f"s3://{BUCKET}/archive"
UPLOADED = ("coffee.jpg", "grace-hopper.jpg", "chelsea-the-cat.jpg", "eileen-collins.webp")
SAVED = PICTURES / "strandline-mark.png"
LIMIT_S = 60.0
SERVERS = WORKERS = (1, 2)
SERVE, WORK = ("serve",), ("work",)
"""The commands of deploy/generate.py."""


class DemoError(Exception):
    """The demo did not show what it promises."""


def main() -> int:
    """Runs the walk; returns the exit status."""
    shutil.rmtree(BASE, ignore_errors=True)
    BASE.mkdir()
    try:
        with run_engines() as engines:
            Team(engines).show()
    except (MissingProgramError, DemoError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


class Team:
    """The machines of the organization: each program has a home of its own, and all have the same settings."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._environment = os.environ | engines.settings

    def show(self) -> None:
        """The walk."""
        title(
            "PostgreSQL has the catalog, and an object store has the images. Every program has these settings:"
        )
        for name in ("STRANDLINE_CATALOG_URL", "STRANDLINE_S3_ENDPOINT"):
            say(f"    {name}={self._engines.settings[name]}")
        self.run("sd", "add", PLACE)

        title("Another program uploads pictures. Two workers find them, and prove their bytes")
        for name in UPLOADED:
            data = (PICTURES / name).read_bytes()
            self._engines.upload(f"archive/media/{id_of(data)}{Path(name).suffix}", data)
        say(f"{len(UPLOADED)} pictures were uploaded to {PLACE}/media.")
        with self._workers():
            self.run("work", "add", "scan", "archive", "--first")
            self._wait_for_checked(len(UPLOADED))
            self.run("work", "status")
            self.run("ls")

            title("Two servers: an image is saved through one, and seen live on the other")
            print(paint("1", "\n$ strandline token create --role write --note demo"), flush=True)
            made = json.loads(self._ask("token", "create", "--role", "write", "--note", "demo", "--json"))
            with self._server(1) as one, self._server(2) as two:
                self._show_two_servers(one, two, str(made["token"]))
                self.run("audit")
        self._show_disaster()

        title("Now you")
        self._serve()

    def run(self, *words: str) -> None:
        """Shows a command as an administrator would type it, and runs it."""
        print(paint("1", f"\n$ strandline {shlex.join(words)}"), flush=True)
        done = subprocess.run(self._command("desk", *words), env=self._environment, check=False)
        if done.returncode not in (0, 1):
            raise DemoError(f"strandline {shlex.join(words)} ended with {done.returncode}")

    def _show_two_servers(self, one: str, two: str, token: str) -> None:
        headers = {"authorization": f"Bearer {token}"}
        data, seen = SAVED.read_bytes(), threading.Event()
        request = urllib.request.Request(f"{two}api/v1/events", headers=headers)
        with urllib.request.urlopen(request, timeout=LIMIT_S) as events:
            listener = threading.Thread(target=_listen, args=(events, id_of(data), seen), daemon=True)
            listener.start()
            _send(f"{one}api/v1/images?sd=archive&name={SAVED.name}", headers, data)
            say(f"{SAVED.name} was saved through {one}")
            if not seen.wait(LIMIT_S):
                raise DemoError("the other server did not tell of it")
        shown = _send(f"{two}i/{id_of(data)}", headers)
        if shown != data:
            raise DemoError("the other server shows other bytes")
        say(f"{two} told of it at once, and shows it: {len(shown):,} bytes, the same.")

    def _show_disaster(self) -> None:
        title(
            "A disaster: the database is lost. The images say themselves what they are, so a listing finds them"
        )
        before = self._list_ids()
        print(paint("1", f"\n$ dropdb {DATABASE} && createdb {DATABASE}"), flush=True)
        self._engines.empty_database()
        self.run("sd", "add", PLACE)
        with self._workers():
            self._wait_for_checked(len(before))
        after = self._list_ids()
        if before != after:
            raise DemoError(f"{len(before)} images before, and {len(after)} after")
        say(f"{len(after)} images before, and the same {len(after)} after. All are checked again.")

    def _serve(self) -> None:
        if not sys.stdin.isatty():
            say("Everything was stopped, because this is not a terminal.")
            return
        with self._workers(), self._server(1) as one, self._server(2) as two:
            for number, address in zip(SERVERS, (one, two), strict=True):
                link = self._ask("sign-in", home=f"server-{number}").split()[-1]
                say(f"Server {number}: {address}  Sign in: {link}")
            say("Save an image on one, and look at the other. Ctrl-C ends everything.")
            try:
                signal.pause()
            except KeyboardInterrupt:
                print()

    @contextmanager
    def _workers(self) -> Iterator[None]:
        with ExitStack() as stack:
            for number in WORKERS:
                stack.enter_context(self._started(f"worker-{number}", *WORK))
            yield

    @contextmanager
    def _server(self, number: int) -> Iterator[str]:
        """A server, and its address."""
        with self._started(f"server-{number}", *SERVE, "--port", "0") as (address, _link):
            yield address

    @contextmanager
    def _started(self, home: str, *words: str) -> Iterator[list[str]]:
        """A program that runs until the end, and the first lines that it prints."""
        print(paint("1", f"\n$ strandline {shlex.join(words)} &   # {home}"), flush=True)
        with (BASE / f"{home}.log").open("ab") as log:
            process = subprocess.Popen(
                self._command(home, *words),
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline().strip() for _ in range(2 if words[0] in SERVE else 1)]
            if not lines[0]:
                raise DemoError(f"{home} did not start; see {relative(BASE / f'{home}.log')}")
            yield lines
        finally:
            process.terminate()
            process.wait(LIMIT_S)

    def _wait_for_checked(self, count: int) -> None:
        """Waits until the catalog has so many images whose bytes are proven."""
        until_s = time.monotonic() + LIMIT_S
        while time.monotonic() < until_s:
            status = json.loads(self._ask("status", "--json"))
            (sd,) = status["sds"]
            if sd["images"] >= count and sd["unchecked"] == 0:
                return
            time.sleep(0.3)
        raise DemoError("the workers did not prove the images in time")

    def _list_ids(self) -> set[str]:
        return {
            image["image_id"] for image in json.loads(self._ask("ls", "--json", "--limit", "1000"))["images"]
        }

    def _ask(self, *words: str, home: str = "desk") -> str:
        """What a command prints. It is not shown."""
        done = subprocess.run(
            self._command(home, *words), env=self._environment, text=True, stdout=subprocess.PIPE, check=False
        )
        return done.stdout

    def _command(self, home: str, *words: str) -> list[str]:
        return [sys.executable, "-m", "strandline", "--home", str(BASE / home), *words]


def id_of(data: bytes) -> str:
    """The id of a new image: the first half of the SHA-256 of its bytes."""
    return hashlib.sha256(data).hexdigest()[:32]


def _listen(events: Any, image_id: str, seen: threading.Event) -> None:
    for line in events:
        if line.startswith(b"data:") and image_id.encode() in line:
            seen.set()
            return


def _send(address: str, headers: dict[str, str], data: bytes | None = None) -> bytes:
    request = urllib.request.Request(address, data, headers)
    with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
        body: bytes = answer.read()
        return body


if __name__ == "__main__":
    raise SystemExit(main())
