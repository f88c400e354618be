"""``strandline exists``: whether images are here, by exit status. Has few imports, because scripts call it often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import Answer, GivenIds, answer_images, image_ids_argument, sd_option
from strandline.cli.exit_status import ExitStatus
from strandline.cli.lazy_commands import Verb
from strandline.cli.session import Session
from strandline.cli.writing import say, write_line
from strandline.model.plain_words import show_plainly
from strandline.model.verdicts import Verdict

if TYPE_CHECKING:
    from strandline.model.image_ids import ImageId

_MISSING_STATUS = {
    Verdict.ARRIVING: ExitStatus.UNAVAILABLE,
    Verdict.UNREADABLE: ExitStatus.UNAVAILABLE,
    Verdict.SD_SUSPECT: ExitStatus.UNAVAILABLE,
    Verdict.SD_OFFLINE: ExitStatus.UNAVAILABLE,
    Verdict.DAMAGED: ExitStatus.WRONG_BYTES,
    Verdict.FOREIGN: ExitStatus.WRONG_BYTES,
    Verdict.NOT_FOUND: ExitStatus.NOT_FOUND,
}
"""The statuses of ``exists`` for an image that is not here. An online-only image exists."""

_MISSING_WORDS = {
    Verdict.ARRIVING: "not yet: it is still arriving",
    Verdict.UNREADABLE: "cannot tell: its file cannot be read now",
    Verdict.SD_SUSPECT: "cannot tell: too many files are gone from {names} at once",
    Verdict.SD_OFFLINE: "cannot tell: it may be in {names}, which cannot be read now",
    Verdict.DAMAGED: "no: everything that is here of it is damaged",
    Verdict.FOREIGN: "no: another image has its name",
    Verdict.NOT_FOUND: "no",
}


@click.command("exists", cls=Verb)
@image_ids_argument
@sd_option
@click.option(
    "--online", is_flag=True, help="Leave out storage directories that are offline or incomplete, and say so."
)
@click.pass_obj
def exists(session: Session, ids: GivenIds, sd: str | None, online: bool) -> int:
    """Check whether an image is here, by exit status.

    0: it is here, or in the cloud and can be fetched. 4: it is not. 6: it is arriving, or it may be in a folder
    that is offline or cannot be looked at now. 7: it is damaged, or another image has its name. For several
    images, the highest of these. Reads no bytes, so 0 does not promise that the file can be read.
    """
    left_out: set[str] = set()
    with session.open_store(warns=False) as store:

        def find(image_id: ImageId) -> Answer:
            presence = store.look_up(image_id, sd, online_only=online)
            names = [sd.name for sd in presence.left_out]
            words, status = ("yes", ExitStatus.DONE) if presence.exists else _judge(presence.verdict, names)
            line = f"{image_id}\t{words}" if ids.are_many else words
            document: dict[str, object] = {
                "exists": presence.exists,
                "state": None if presence.state is None else presence.state.value,
            }
            if online:
                document["left_out"] = names
                left_out.update(names)
            return Answer(document, lambda: write_line(line), status)

        status = answer_images(session, store, ids, find)
    for name in sorted(left_out):
        say(f"{name!r} cannot be read now and was left out")
    return status


def _judge(verdict: Verdict, names: list[str]) -> tuple[str, int]:
    """The answer about an image that is not here in words, and its exit status."""
    words = _MISSING_WORDS.get(verdict, "no").format(names=", ".join(map(repr, names)))
    return show_plainly(words), _MISSING_STATUS.get(verdict, ExitStatus.NOT_FOUND)
