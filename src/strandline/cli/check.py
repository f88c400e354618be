"""``strandline check``: what notes refer to, compared with the files that are there. Needs no catalog."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import GivenPath
from strandline.cli.exit_status import ExitStatus
from strandline.cli.lazy_commands import Verb
from strandline.cli.session import Session, get_stdin
from strandline.cli.writing import write_json
from strandline.errors import InvalidInputError, StorageDirOfflineError, StrandlineError
from strandline.model.note_checks import CheckOptions, Known, NoteCheck, leave_out, read_baseline
from strandline.model.storage_dirs import StorageDir, StorageDirState

if TYPE_CHECKING:
    from strandline.store import Store


@click.command("check", cls=Verb)
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=GivenPath())
@click.option("--unused", is_flag=True, help="Also list pictures that nothing names.")
@click.option("--names", is_flag=True, help="Also check the names of pictures that no note refers to.")
@click.option(
    "--complete", is_flag=True, help="A picture that is still arriving, or in the cloud, is an error."
)
@click.option(
    "--format",
    "form",
    metavar="FORM",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    help="text, json, github, or sarif; text by default.",
)
@click.option(
    "--baseline",
    metavar="FILE",
    type=GivenPath(),
    help="Leave out what an earlier answer in JSON already has.",
)
@click.pass_obj
def check(
    session: Session,
    paths: tuple[str, ...],
    unused: bool,
    names: bool,
    complete: bool,
    form: str,
    baseline: str | None,
) -> int:
    """Check the pictures that notes refer to.

    PATH is a folder, a note, or the name of a storage directory; the current folder by default. Works in any folder
    with notes, such as an Obsidian vault or a documentation site, and changes nothing. The exit status is 1 if a
    picture is missing or damaged, and 6 if a note could not be read.
    """
    from strandline.runtime.note_checks import (
        check_paths,  # here: --help does not need the parser of Markdown
    )

    if form == "json":
        session.json = True
    known = _read_baseline(baseline)
    with _open_if_there(session) as store:
        sds = _list_known(store)
        named = {sd.name: sd.path for sd in sds}
        places = [named.get(path, path) for path in paths or (".",)]
        roots = {sd.path: sd.sd_id or "" for sd in sds}
        around = _look_again(store, [sd for sd in sds if any(_is_inside(place, sd) for place in places)])
        for sd in around:
            _check_presence(sd)
        by_path = {sd.path: sd for sd in around}
        checks = check_paths(
            places,
            CheckOptions(unused=unused, names=names, complete=complete),
            roots,
            lambda root: store.recall(by_path[root]) if store is not None and root in by_path else None,
        )
        _tell(store, around, checks)
    if known is not None:
        checks = [leave_out(each, known) for each in checks]
    if session.json:
        write_json({"checked": [each.to_json() for each in checks]})
    else:
        _find_writer(form)(checks)
    if any(each.has_errors for each in checks):
        return ExitStatus.FINDINGS
    return ExitStatus.UNAVAILABLE if any(each.unread for each in checks) else ExitStatus.DONE


def _tell(store: Store | None, sds: Sequence[StorageDir], checks: Sequence[NoteCheck]) -> None:
    """Lets the catalog know what the notes of a whole storage directory miss, as a watcher does."""
    by_path = {sd.path: sd for sd in sds}
    for each in checks:
        if store is not None and each.path in by_path:
            with suppress(StrandlineError):  # what was found is shown all the same
                store.tell_check(by_path[each.path].path, each)


def _read_baseline(name: str | None) -> Known | None:
    if name is None:
        return None
    remedy = "make it with `strandline check --json`"
    try:
        with nullcontext(get_stdin()) if name == "-" else open(name, "rb") as file:
            return read_baseline(file.read())
    except OSError as error:
        raise InvalidInputError(f"cannot read {name}: {error.strerror}; {remedy}", path=name) from error
    except ValueError as error:
        message = f"{name} does not have the JSON of an earlier check ({error}); {remedy}"
        raise InvalidInputError(message, path=name) from error


@contextmanager
def _open_if_there(session: Session) -> Iterator[Store | None]:
    """The store. None if there is no catalog, or a damaged one: a check does not depend on it."""
    store = None
    if session.has_catalog():
        with suppress(StrandlineError):
            store = session.open_store()
    with store or nullcontext():
        yield store


def _list_known(store: Store | None) -> list[StorageDir]:
    """The storage directories that the catalog knows."""
    if store is not None:
        with suppress(StrandlineError):
            return store.list_storage_dirs()
    return []


def _look_again(store: Store | None, sds: Sequence[StorageDir]) -> Sequence[StorageDir]:
    """The same as they are now. Looks at their disks, which may wait, and at no other disk."""
    if store is not None and sds:
        with suppress(StrandlineError):
            return store.refresh_storage_dirs(sds)
    return sds


def _is_inside(place: str, sd: StorageDir) -> bool:
    path = os.path.abspath(place)
    return path == sd.path or path.startswith(sd.path.rstrip(os.sep) + os.sep)


def _check_presence(sd: StorageDir) -> None:
    """Raises if the storage directory is not all there: then nothing in it is missing, only unknown."""
    if sd.state in (StorageDirState.OFFLINE, StorageDirState.SUSPECT):
        raise StorageDirOfflineError(
            f"{sd.name!r} is {sd.state}, so nobody can tell which pictures are missing; {sd.problem}",
            sd_id=sd.sd_id,
            path=sd.path,
        )


def _find_writer(form: str) -> Callable[[Sequence[NoteCheck]], None]:
    if form == "text":
        from strandline.cli.check_text import show_checks

        return show_checks
    from strandline.cli.check_formats import write_github, write_sarif

    return write_github if form == "github" else write_sarif
