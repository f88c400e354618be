"""``strandline sd``: add, list, name, and move storage directories.

Adding can end in "not yet": if a folder's identity has not arrived, the folder is remembered and decided again
later. The answer says so, with its usual object and exit status 6.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from strandline.cli.arguments import sd_argument
from strandline.cli.exit_status import ExitStatus
from strandline.cli.lazy_commands import LazyGroup, Verb
from strandline.cli.numbers import say_number
from strandline.cli.overview import Row
from strandline.cli.paragraphs import write_paragraph
from strandline.cli.progress import Bars
from strandline.cli.session import Session
from strandline.cli.tables import Badge, Column, show_facts, show_table
from strandline.cli.wording import say_list, say_time
from strandline.cli.writing import asks_a_person, paint, say, write_line
from strandline.errors import UnsuitableFolderError
from strandline.model.plain_words import say_count, show_plainly
from strandline.model.remedies import (
    refer_to,
    say_add,
    say_command,
    say_confirm,
    say_forget,
)
from strandline.model.reports import AddedStorageDir, ConfirmedStorageDir
from strandline.model.storage_dirs import (
    FileCounts,
    LayoutKind,
    StorageDir,
    StorageDirState,
    find_same_identities,
)
from strandline.model.suitable_folders import say_same_identity

TABLE = {
    "add": Row("sd:add", "Add a folder that something else keeps in sync."),
    "list": Row("sd:list_", "List all storage directories."),
    "probe": Row("buckets:probe", "Try what the server of a bucket guarantees."),
    "show": Row("sd:show", "Show one storage directory."),
    "rename": Row("sd:rename", "Give a storage directory another name."),
    "move": Row("sd:move", "Say where a storage directory is now."),
    "forget": Row("sd:forget", "Forget a storage directory; its files stay."),
    "confirm": Row("sd:confirm", "Confirm that a folder is the same, or that files are gone."),
    "accept-missing": Row("sd:accept_missing", "Drop the missing images of a storage directory."),
}

sd = LazyGroup("sd", table=TABLE, help="Add, list, name, and move storage directories.")

_COLOURS = {StorageDirState.ONLINE: "green", StorageDirState.OFFLINE: "red", StorageDirState.SUSPECT: "red"}

_OUTCOMES = {
    "existing": "It already has an identity.",
    "migrated": "Its identity was moved from .sd-id to SD_ID.",
    "conflict_resolved": "Its identity was found only in conflict copies.",
    "provisional": "This catalog uses an identity of its own for it until one arrives.",
    "incomplete": "Its identity has not arrived yet. It is remembered and checked again automatically.",
    "unavailable": "Its identity cannot be read now. It is remembered and checked again automatically.",
    "offline": "It is known, but its identity is gone. It is checked again automatically.",
}
"""The remedies are in the warnings, which come from the identity rule that decided."""

_NOT_YET = frozenset({"incomplete", "unavailable", "offline"})


@click.command("add", cls=Verb)
@click.argument("path", type=click.Path(path_type=str, readable=False), metavar="PATH")
@click.option("--name", metavar="NAME", help="What to call it; the folder's name by default.")
@click.option("--new-identity", is_flag=True, help="Give it a new identity, whatever is there.")
@click.option("--read-only", is_flag=True, help="Never write anything to it.")
@click.option(
    "--layout",
    type=click.Choice(["ids", "named"]),
    metavar="LAYOUT",
    help="ids or named; what is there decides.",
)
@click.option("--shared", is_flag=True, help="Write SD_LAYOUT and SD_ID into a folder of named pictures.")
@click.option("--yes", is_flag=True, help="Take an unusual folder, too, such as your home.")
@click.pass_obj
def add(
    session: Session,
    path: str,
    name: str | None,
    new_identity: bool,
    read_only: bool,
    layout: str | None,
    shared: bool,
    yes: bool,
) -> int:
    """Add a folder that something else keeps in sync.

    A folder that has pictures and notes of its own is taken as it is: nothing is written into it, and every picture
    in it is read once. A new or empty folder, and one whose media folder has images with ids for names, keeps images
    by id; if it has no identity, it gets an SD_ID file with a new one. Then it is scanned. With --shared, a folder
    that is taken as it is has the same layout and identity on every machine. Adding it again changes only what you
    give: its name, its layout, or that it is read-only. PATH may also be a bucket: s3://bucket/prefix. It is 1 if
    another folder has the same identity, and 6 if its identity has not arrived yet.
    """

    def add_it(*, insists: bool) -> AddedStorageDir:
        with Bars() as bars:
            return store.add_storage_dir(
                path,
                name,
                new_identity=new_identity,
                read_only=read_only,
                layout=layout,
                shared=shared,
                insists=insists,
                progress=lambda sd, done, total: bars.advance(sd.name, done, total),
            )

    with session.open_store(begins=True) as store:
        before = {known.number: known for known in store.list_storage_dirs()}
        try:
            added = add_it(insists=yes)
        except UnsuitableFolderError as error:
            if not (error.facts.get("is_question") and asks_a_person()):
                raise
            say(error.message)
            if not click.confirm("Add it all the same?", err=True):
                raise
            added = add_it(insists=True)
    was = before.get(added.sd.number)
    session.answer(added.to_json(), lambda: _show_added(added, was))
    for warning in added.identity.warnings:
        say(warning)
    session.say_restart()
    if added.identity.outcome in _NOT_YET:
        return ExitStatus.UNAVAILABLE
    return ExitStatus.FINDINGS if added.copied else ExitStatus.DONE


def _show_added(added: AddedStorageDir, was: StorageDir | None) -> None:
    sd = added.sd
    is_added = added.identity.outcome not in _NOT_YET
    how = (
        "not ready yet" if not is_added else "added" if was is None or was.sd_id is None else "there already"
    )
    heading = f"{show_plainly(sd.name)} is {how}"
    write_line(f"{paint(heading, bold=True)}  ({show_plainly(sd.path)})")
    for change in _list_changes(sd, was):
        write_paragraph(change)
    if sd.sd_id:
        note = " (provisional)" if sd.provisional else " (new)" if added.identity.generated else ""
        write_line(f"Identity: {sd.sd_id}{note}")
    if is_added:
        write_paragraph(_say_layout(added))
    if not added.identity.generated and not sd.is_unmarked:
        write_paragraph(_OUTCOMES.get(added.identity.outcome, added.identity.outcome))
    if added.identity.aliases:
        write_paragraph(f"Also known as: {say_list(added.identity.aliases)}")
    if added.copied:
        write_paragraph(
            "Another folder here has the same identity, so one of them looks like a copy. Both are read, and nothing "
            "is written to either until the copy has another identity or is forgotten."
        )
    if added.scan is not None:
        noun = "Images" if sd.layout is LayoutKind.IDS else "Picture files"
        write_line(f"{noun}: {added.scan.added + added.scan.unchanged + added.scan.changed:,}")
        for finding in added.scan.findings:
            write_line(f"  {show_plainly(finding.message)}")


def _say_layout(added: AddedStorageDir) -> str:
    """Which layout it has, and why."""
    reason = show_plainly(added.layout_reason)
    if added.sd.layout is not LayoutKind.NAMED:
        return f"Its images have their ids for names, in media, because {reason}."
    if added.sd.read_only:
        return f"It is taken as it is, because {reason}. Nothing is written into it, because it is read-only here."
    if added.sd.is_unmarked:
        return f"It is taken as it is, and only what you save is written into it, because {reason}."
    return (
        f"It is taken as it is, because {reason}. SD_ID in it lets every machine know it by the same identity. "
        "Except for that, only what you save is written into it."
    )


def _list_changes(sd: StorageDir, was: StorageDir | None) -> list[str]:
    """What adding a known storage directory has changed, and how to undo it."""
    if was is None:
        return []
    changes = [f"It was called {was.name} before."] if was.name != sd.name else []
    if sd.read_only and not was.read_only:
        undo = f"{say_forget(sd)}, then {say_add(sd.path)}"
        changes.append(f"It is read-only now: nothing is written to it. To undo that, run {undo}.")
    if sd.path != was.path:
        changes.append(f"It was at {was.path} before.")
    return changes


@click.command("list", cls=Verb)
@click.pass_obj
def list_(session: Session) -> None:
    """List all storage directories.

    With name, state, number of images, how many of them are checked, identity, and path.
    """
    with session.open_store() as store:
        sds = store.refresh_storage_dirs()
        counts = store.count_files_of(sds)
    listed = [
        sd.to_json() | {"images": count.images, "checked": count.checked}
        for sd, count in zip(sds, counts, strict=True)
    ]
    session.answer({"sds": listed}, lambda: _show_list(sds, counts))
    session.say_local_folders("`strandline --local sd list`")


def _show_list(sds: Sequence[StorageDir], counts: Sequence[FileCounts]) -> None:
    if not sds:
        say("no storage directory yet; add one with `strandline sd add PATH`")
        return
    columns = [
        Column("NAME"),
        Column("STATE", is_whole=True),
        Column("IMAGES", is_number=True),
        Column("CHECKED", is_number=True),
        Column("IDENTITY", is_whole=True, extra=1),
        Column("PATH"),
    ]
    rows = [
        (
            sd.name,
            _badge_of(sd),
            say_number(count.images),
            say_number(count.checked),
            sd.sd_id or "-",
            sd.path,
        )
        for sd, count in zip(sds, counts, strict=True)
    ]
    show_table(columns, rows)
    for sd in sds:
        if sd.problem:
            say(f"{sd.name}: {sd.problem}")
    for sd, twin in find_same_identities(sds):
        say(say_same_identity(sd, twin))


def _badge_of(sd: StorageDir) -> Badge:
    notes = [note for note, holds in (("read-only", sd.read_only), ("provisional", sd.provisional)) if holds]
    return Badge(", ".join([sd.state.value, *notes]), _COLOURS.get(sd.state, "yellow"))


@click.command("show", cls=Verb)
@sd_argument
@click.pass_obj
def show(session: Session, sd: str) -> None:
    """Show one storage directory.

    With its aliases, and if it is not online, the reason.
    """
    with session.open_store() as store:
        found = store.get_storage_dir(sd)
        sds = store.list_storage_dirs()
    _answer_one(session, found)
    for pair in find_same_identities(sds):
        if found in pair:
            say(say_same_identity(*pair))


def _answer_one(session: Session, sd: StorageDir) -> None:
    session.answer({"sd": sd.to_json()}, lambda: _show_one(sd))


def _show_one(sd: StorageDir) -> None:
    show_facts(
        [
            ("name", sd.name),
            ("state", _badge_of(sd)),
            ("path", sd.path),
            ("identity", sd.sd_id or "not known yet"),
            *(("alias", alias) for alias in sd.aliases),
            ("added", say_time(sd.added_at)),
            *([("problem", Badge(sd.problem, "red"))] if sd.problem else []),
        ]
    )


@click.command("rename", cls=Verb)
@sd_argument
@click.argument("name", metavar="NAME")
@click.pass_obj
def rename(session: Session, sd: str, name: str) -> None:
    """Give a storage directory another name.

    No two have the same name.
    """
    with session.open_store() as store:
        renamed = store.rename_storage_dir(sd, name)
    _answer_one(session, renamed)


@click.command("move", cls=Verb)
@sd_argument
@click.argument("new_path", type=click.Path(path_type=str, readable=False), metavar="NEWPATH")
@click.pass_obj
def move(session: Session, sd: str, new_path: str) -> None:
    """Say where a storage directory is now.

    This moves no files. It is for a folder that you have moved yourself.
    """
    with session.open_store() as store:
        moved = store.move_storage_dir(sd, new_path)
    _answer_one(session, moved)


@click.command("forget", cls=Verb)
@sd_argument
@click.pass_obj
def forget(session: Session, sd: str) -> None:
    """Forget a storage directory; its files stay.

    Nothing in the folder is touched, and it can be added again at any time. What was remembered of
    pictures that are gone from it ("it was here until …" in a check) is lost, and does not come back with it.
    """
    with session.open_store() as store:
        found = store.get_storage_dir(sd)
        store.forget_storage_dir(found)
    session.answer(
        {"sd": found.to_json()},
        lambda: write_line(
            f"{show_plainly(found.name)} is forgotten; its files stay in {show_plainly(found.path)}"
        ),
    )


@click.command("confirm", cls=Verb)
@sd_argument
@click.pass_obj
def confirm(session: Session, sd: str) -> None:
    """Confirm that a folder is the same, or that files are gone.

    If the identity is lost, it is written back, and nothing else is done. Otherwise the files that are absent now
    are accepted: the next scan may call them missing.
    """
    with session.open_store() as store:
        confirmed = store.confirm_storage_dir(sd)
    session.answer(confirmed.to_json(), lambda: write_line(show_plainly(_say_confirmed(confirmed))))


def _say_confirmed(confirmed: ConfirmedStorageDir) -> str:
    """What confirming did, and what comes next."""
    sd = confirmed.sd
    if confirmed.identity_restored:
        return f"{sd.name}: the identity {sd.sd_id} was written back to SD_ID; nothing else was changed"
    if not confirmed.accepted:
        return f"{sd.name}: no image was absent at the last scan, so there was nothing to confirm"
    return (
        f"{sd.name}: {say_count(confirmed.accepted, 'absent image')} accepted as gone; to drop them, run "
        f"{say_command('scan', refer_to(sd))}, then {say_command('sd', 'accept-missing', refer_to(sd))}"
    )


@click.command("accept-missing", cls=Verb)
@sd_argument
@click.pass_obj
def accept_missing(session: Session, sd: str) -> None:
    """Drop the missing images of a storage directory.

    Forgets what was known about them. Images that come back are found again.
    """
    with session.open_store() as store:
        found = store.get_storage_dir(sd)
        dropped = store.accept_missing(found)
        absent = store.count_files(found).noteworthy.get("present", 0)
    session.answer(
        {"sd": found.to_json(), "dropped": dropped},
        lambda: write_line(show_plainly(_say_dropped(found, dropped, absent))),
    )


def _say_dropped(sd: StorageDir, dropped: int, absent: int) -> str:
    """How many images were dropped, and if none was, why."""
    if dropped:
        return f"{sd.name}: {say_count(dropped, 'missing image')} dropped"
    if not absent:
        return f"{sd.name}: no image is missing, so nothing was dropped"
    waits = f"{sd.name}: {say_count(absent, 'image')} not found at the last scan, and not called missing yet"
    if sd.state is StorageDirState.SUSPECT:
        return f"{waits}; if they are gone for good, run {say_confirm(sd)}, then {say_command('scan', refer_to(sd))}"
    return f"{waits}; to look again in a minute, run {say_command('scan', refer_to(sd))}"
