"""``strandline exists``: whether images are here, by exit status. Has few imports, because scripts call it often."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from strandline.cli.arguments import Answer, GivenIds, answer_images, image_ids_argument, sd_option
from strandline.cli.exit_status import ExitStatus
from strandline.cli.lazy_commands import Verb
from strandline.cli.session import Session
from strandline.cli.writing import write_line
from strandline.model.verdicts import Verdict

if TYPE_CHECKING:
    from strandline.model.image_ids import ImageId
    from strandline.store import Store

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
    Verdict.SD_SUSPECT: "cannot tell: too many files are gone from its folder at once; see strandline sd confirm",
    Verdict.SD_OFFLINE: "cannot tell: a storage directory that may have it is offline or incomplete",
    Verdict.DAMAGED: "no: everything that is here of it is damaged",
    Verdict.FOREIGN: "no: another image has its name",
    Verdict.NOT_FOUND: "no",
}


@click.command("exists", cls=Verb)
@image_ids_argument
@sd_option
@click.pass_obj
def exists(session: Session, ids: GivenIds, sd: str | None) -> int:
    """Check whether an image is here, by exit status.

    0: it is here, or in the cloud and can be fetched. 4: it is not. 6: it is arriving, or it may be in a storage
    directory that is offline or in a file that cannot be read now. 7: it is damaged, or another image has its
    name. For several images, the highest of these. Reads no bytes.
    """
    with session.open_store() as store:
        return answer_images(session, store, ids, partial(_look_up, store, ids, sd))


def _look_up(store: Store, ids: GivenIds, sd: str | None, image_id: ImageId) -> Answer:
    presence = store.look_up(image_id, sd)
    state = None if presence.state is None else presence.state.value
    words = "yes" if presence.exists else _MISSING_WORDS.get(presence.verdict, "no")
    line = f"{image_id}\t{words}" if ids.are_many else words
    status = (
        ExitStatus.DONE if presence.exists else _MISSING_STATUS.get(presence.verdict, ExitStatus.NOT_FOUND)
    )
    return Answer({"exists": presence.exists, "state": state}, lambda: write_line(line), status)
