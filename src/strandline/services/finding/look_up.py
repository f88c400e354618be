"""Looking up: whether an image is here, by what the catalog and one ``lstat`` say. Reads no bytes (SPEC §5)."""

from __future__ import annotations

from strandline.model.image_files import FileStamp, FileState, ImageFile
from strandline.model.image_ids import ImageId
from strandline.model.states import EXPECTED, Seen, after_listing, register_listed
from strandline.model.storage_dirs import StorageDir
from strandline.model.values import dataclass
from strandline.model.verdicts import Verdict
from strandline.services.finding.candidates import Candidate, Search, goes_past_forgotten
from strandline.services.workbench import Workbench

_FAILURES = {
    FileState.ARRIVING: Verdict.ARRIVING,
    FileState.DAMAGED: Verdict.DAMAGED,
    FileState.FOREIGN: Verdict.FOREIGN,
}
"""The error for each state of a file that cannot be shown; the most hopeful first."""


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether an image is here, by the catalog and one ``lstat``. Reads no bytes."""

    exists: bool
    state: FileState | None
    verdict: Verdict
    proven: bool = False
    """A proof is current for exactly the file that is there now."""
    left_out: tuple[StorageDir, ...] = ()
    """If it is not here: the storage directories that may have it and could not be asked."""


@goes_past_forgotten
def look_up(
    bench: Workbench, image_id: ImageId, sd: StorageDir | None = None, *, online_only: bool = False
) -> Presence:
    """Whether the image is here. Reads no bytes. Registers what it discovers as unproven.

    If ``online_only``, storage directories that are offline or incomplete do not count.
    """
    search = Search(bench, image_id, sd)
    presence = _look_up(search, online_only)
    if not presence.exists and search.is_worth_repeating():
        presence = _look_up(Search(bench, image_id, sd), online_only)
    return presence


def _look_up(search: Search, online_only: bool) -> Presence:
    states, unreadable = set(), False
    for candidate in search.iter_candidates():
        try:
            row = _look_at_row(search.bench, search.image_id, candidate)
        except OSError:
            unreadable = True  # which is not the same as missing
            continue
        if row is None:
            search.note_gone(candidate)
            continue
        if row.state is FileState.PRESENT:
            return Presence(True, row.state, Verdict.SHOWN, proven=row.is_proven)
        states.add(row.state)
    if FileState.ONLINE_ONLY in states or search.has_placeholder():
        return Presence(True, FileState.ONLINE_ONLY, Verdict.ONLINE_ONLY)
    for state, verdict in _FAILURES.items():
        if state in states:
            return Presence(False, state, verdict)
    if unreadable:
        return Presence(False, None, Verdict.UNREADABLE)
    if suspects := search.list_suspects():
        return Presence(False, None, Verdict.SD_SUSPECT, left_out=suspects)
    unexamined = search.list_unexamined()
    is_in_doubt = any(sd.is_reachable or not online_only for sd in unexamined)
    return Presence(
        False, None, Verdict.SD_OFFLINE if is_in_doubt else Verdict.NOT_FOUND, left_out=unexamined
    )


def _look_at_row(bench: Workbench, search_id: ImageId, candidate: Candidate) -> ImageFile | None:
    """The candidate's row after one ``lstat``. None if there is no file now.

    A file that the catalog did not know, or had given up, is registered: present and unproven, or online-only. Only a
    named file that has changed since its proof is read: its name does not say whether it is still the image.

    Raises:
        OSError: The disk does not say whether the file exists.
    """
    sd, row, name = candidate.sd, candidate.row, candidate.filename
    folder = bench.folder(sd)
    found = folder.probe([name])
    if not found:
        return None
    if not folder.layout.names_are_ids and (row is None or not _is_as_proven(row, found[0][1])):
        from strandline.services.proving.prove import prove_file  # here: most answers read nothing

        proven = prove_file(bench, sd, name).row
        return proven if proven is not None and proven.image_id == search_id else None
    now, seen = bench.now(), Seen(found[0][1], online_only=folder.is_evicted(name))
    if row is None:
        wanted = folder.layout.split(name)
        assert wanted is not None
        new = register_listed(sd.number, folder.layout.path_of(name), *wanted, seen, now)
    else:
        new = after_listing(row, seen, now, vanishing_held=False)
    if new is not row and (row is None or row.state not in EXPECTED):
        from strandline.services.proving.prove import write_row  # here: most answers change nothing

        write_row(bench, sd, row, new, now)
    return new


def _is_as_proven(row: ImageFile, stamp: FileStamp) -> bool:
    return row.proof is not None and row.proof.stamp == stamp
