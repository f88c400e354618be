"""What the documentation shows is run: Python here, commands in tests/installing; or the page says why it is not."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from mypy import api as mypy_api

import strandline
from builders.other_thread import run_in_thread
from builders.pictures import make_picture
from strandline import errors
from strandline.model.events import EVENT_TYPES
from strandline.runtime.assembly import LocalStore
from strandline.runtime.process_lock import ProcessLock
from strandline.runtime.watching.session import LOCK_FILE

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]
TYPED = "".join(path.read_text() for path in sorted((PROJECT / "tests/installing").glob("test_*.py")))
"""Names the pages whose commands are typed by a test."""

LIBRARY = (PROJECT / "docs/reference/library.md").read_text()
FENCE = re.compile(
    r"^(?: *<!-- not run: (?P<reason>[^\n]+) -->\n+)?(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^ *```$",
    re.MULTILINE | re.DOTALL,
)
COMMANDS = {"sh", "bash", "console"}
LIMIT_S = 100


class Snippet(NamedTuple):
    """A block of code on a page."""

    language: str
    text: str
    line: int
    reason: str | None
    """Why it is not run."""


def list_snippets(page: Path) -> list[Snippet]:
    """The page's blocks, in order."""
    text = page.read_text()
    return [
        Snippet(
            found["language"], found["text"], text.count("\n", 0, found.start("text")) + 1, found["reason"]
        )
        for found in FENCE.finditer(text)
    ]


def list_python(page: Path) -> list[Snippet]:
    """Those that are run."""
    return [each for each in list_snippets(page) if each.language == "python" and each.reason is None]


def name_of(page: Path) -> str:
    """Its path in the project."""
    return page.relative_to(PROJECT).as_posix()


PYTHON_PAGES = [page for page in PAGES if list_python(page)]

RUN = """
import json, sys
from pathlib import Path
scope = {"__name__": "snippets"}
for page, line, text in json.load(sys.stdin):
    exec(compile("\\n" * (line - 1) + text, page, "exec", dont_inherit=True), scope)
"""
"""All snippets of a page, one after another, each at its own line for the traceback."""


@pytest.fixture
def account(tmp_path: Path) -> dict[str, str]:
    """The environment of somebody with a synced folder and a picture of a cat."""
    (tmp_path / "Dropbox/Notes").mkdir(parents=True)
    (tmp_path / "cat.jpg").write_bytes(make_picture("jpg", seed=1))
    return {**os.environ, "HOME": str(tmp_path), "STRANDLINE_HOME": str(tmp_path / "home")}


@pytest.mark.parametrize("page", PYTHON_PAGES, ids=name_of)
def test_python_on_a_page_runs_as_it_is(page: Path, account: dict[str, str]) -> None:
    """From top to bottom, in one program, without a warning."""
    import json

    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN],
        input=json.dumps([(name_of(page), each.line, each.text) for each in list_python(page)]),
        cwd=account["HOME"],
        env=account,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_snippet_is_run_or_says_why_not(page: Path) -> None:
    """Put ``<!-- not run: the reason -->`` before a block that no test can run, or type the page's commands in
    tests/installing.
    """
    silent = [
        f"{name_of(page)}:{each.line}"
        for each in list_snippets(page)
        if each.language in COMMANDS and each.reason is None and f'"{name_of(page)}"' not in TYPED
    ]
    assert silent == []
    assert page.read_text().count("<!-- not run: ") == sum(
        each.reason is not None for each in list_snippets(page)
    )


def test_python_is_found() -> None:
    """The pattern sees the pages that it is meant for."""
    assert {"README.md", "docs/reference/library.md", "docs/howto/embed.md"} <= set(
        map(name_of, PYTHON_PAGES)
    )


def list_programs() -> list[str]:
    """The programs of the page on embedding. A block that shows the use of one is its end."""
    programs = list[str]()
    for each in list_python(PROJECT / "docs/howto/embed.md"):
        is_use = "from strandline" not in each.text
        if is_use:
            programs[-1] += each.text
        else:
            programs.append(each.text)
    return programs


def run_program(word: str) -> dict[str, Any]:
    """The names of the only program with the word, after it ran."""
    (program,) = (text for text in list_programs() if word in text)
    scope: dict[str, Any] = {}
    exec(compile(program, "embed.md", "exec", dont_inherit=True), scope)
    return scope


def test_programs_to_embed_it_are_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each program of the page passes ``mypy --strict`` against the package's own types."""
    monkeypatch.chdir(PROJECT)
    files = []
    for number, text in enumerate(list_programs()):
        file = tmp_path / f"program_{number}.py"
        file.write_text(text)
        files.append(str(file))
    assert "aclosing(iter_events(store))" in Path(files[-1]).read_text(), "it is typed as it is used"
    said, faults, status = mypy_api.run(["--strict", *files])
    assert status == 0, said + faults


def test_the_event_loop_of_the_page_gets_events_and_ends(tmp_path: Path) -> None:
    """Leaving its loop ends the watcher."""
    scope = run_program("asyncio")
    (tmp_path / "Notes").mkdir()

    async def run(store: LocalStore) -> strandline.ImageAvailable:
        async with asyncio.timeout(LIMIT_S), aclosing(scope["iter_events"](store)) as events:
            await anext(events)  # the watcher runs
            await asyncio.to_thread(store.save, make_picture("png", seed=1), sd="Notes")
            async for event in events:
                if isinstance(event, strandline.ImageAvailable):
                    return event
        raise AssertionError("no event")

    with strandline.open_store(tmp_path / "home") as store:
        store.add_storage_dir(tmp_path / "Notes")
        assert run_in_thread(lambda: asyncio.run(run(store))).whole
        assert ProcessLock(store.home / LOCK_FILE).try_acquire(), "a watcher still runs"


def test_the_server_of_the_page_answers_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the status that our own API has, and without names of folders."""
    monkeypatch.setenv("STRANDLINE_HOME", str(tmp_path / "home"))
    (tmp_path / "Secret").mkdir()
    with strandline.open_store() as store:
        store.add_storage_dir(tmp_path / "Secret")
        image_id = store.save(make_picture("png", seed=1), sd="Secret").image_id
    app = run_program("FastAPI")["app"]

    async def ask() -> None:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://x") as client,
        ):
            shown = await client.get(f"/pictures/{image_id}")
            assert shown.content == make_picture("png", seed=1)
            for address, status, code in (
                ("/pictures/nope", 422, "invalid-image-id"),
                ("/search?after=bogus", 422, "invalid-cursor"),
                (f"/pictures/{'0' * 32}", 404, "image-not-found"),
            ):
                answer = await client.get(address)
                assert (answer.status_code, answer.json()) == (status, {"code": code})

    run_in_thread(lambda: asyncio.run(ask()))


@pytest.mark.parametrize("name", strandline.__all__)
def test_each_public_name_is_on_the_page_of_the_library(name: str) -> None:
    """What is not explained is not offered."""
    assert re.search(rf"`{name}\b|\b{name}\(", LIBRARY)


def test_each_public_method_is_on_the_page_of_the_library() -> None:
    """Of the store, its facades included."""
    names = {name for kind in LocalStore.__mro__[:-1] for name in vars(kind) if not name.startswith("_")}
    instance = {"bench", "bell"}
    missing = {
        name for name in names - instance if not re.search(rf"`(?:store\.)?{name}\b|\b{name}\(", LIBRARY)
    }
    assert missing == set()


def test_each_event_and_error_is_a_public_name() -> None:
    """Programs compare with the classes."""
    expected = {kind.__name__ for kind in EVENT_TYPES.values()} | {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.StrandlineError)
    }
    assert expected - set(strandline.__all__) == set()
