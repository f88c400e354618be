"""The states of an image file: how a listing, and a look at the bytes, change its row (SPEC §6).

There are two pure rules. :func:`after_listing` knows only what one ``lstat`` said. :func:`after_look` knows what the
bytes said. Both return the row as it should be, or the same row object if nothing needs to be written. A listing
never proves and never condemns. *Age never delays a proof*: it only decides what a failure is called (arriving,
foreign, damaged).

All times are the catalog's own. A negative difference counts as 0.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from strandline.model.events import (
    ImageArriving,
    ImageAvailable,
    ImageChanged,
    ImageDamaged,
    ImageEvent,
    ImageForeign,
    ImageMissing,
    ImageRemoved,
)
from strandline.model.image_files import FileStamp, FileState, ImageFile, Proof, ProofKind
from strandline.model.image_ids import ImageId, content_id_of
from strandline.model.layout import ID_LAYOUT, Evidence, Layout
from strandline.model.values import dataclass

QUIET = timedelta(seconds=2)
"""A file that has been unchanged this long is not being written now (Syncthing and rsync write in bursts)."""
QUIET_WITH_TRAILING_BYTES = timedelta(minutes=5)
"""A whole image with bytes after its end may be a motion photo that is still growing."""
DECODE_AFTER = timedelta(minutes=5)
"""If a legacy file fails its structure walk, it is decoded once it has been unchanged this long."""
DAMAGED_AFTER = timedelta(hours=24)
"""No transfer pauses for longer than this without a change, except on a laptop that sleeps overnight."""
MISSING_AFTER = timedelta(seconds=60)
"""When Syncthing and Seafile replace a file, it is gone for milliseconds; in a renamed folder, for seconds (hazard
H6).
"""
RELIABLE_AFTER = timedelta(seconds=2)
"""FAT keeps mtimes to 2 s, so bytes that were proven within 2 s of the mtime may have changed since."""

HERE = frozenset({FileState.PRESENT, FileState.ARRIVING, FileState.DAMAGED, FileState.FOREIGN})
"""States of a file whose bytes are in the folder."""
FAILED = HERE - {FileState.PRESENT}
"""States of a file whose last look failed."""
EXPECTED = HERE | {FileState.ONLINE_ONLY}
"""States of a file that a healthy scan should find."""


EARLIEST_MTIME_NS = 315_619_200_000_000_000
"""2 January 1980. FAT and zip files know no earlier time and use their first for "unknown", others use 1970.
Nextcloud uploads no file from before 1970.
"""
_RELIABLE_AFTER_NS = RELIABLE_AFTER // timedelta(microseconds=1) * 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def should_lie_there(row: ImageFile) -> bool:
    """True if the file's bytes should be in the folder."""
    return row.state in HERE and row.absent_since is None


def is_expected(row: ImageFile) -> bool:
    """True if a healthy scan should find the file, and nobody has accepted that it is gone."""
    return row.state in EXPECTED and not row.absence_accepted


@dataclass(frozen=True, slots=True)
class Look:
    """What one read of a file's bytes showed."""

    stamp: FileStamp
    sha256: str
    media_type: str | None
    """By the bytes; None if the type is not supported."""
    whole: bool
    """The structure reaches its end (and, for a legacy id, no other check failed)."""
    trailing_bytes: bool = False
    """Bytes follow the structure's end."""
    open_ended: bool = False
    """An ISO file whose last box extends to the end of the file. It is whole only if it is quiet."""
    decodes: bool | None = None
    """Whether a decoder reached the last row; None if none was asked."""
    is_pointer: bool = False
    """A line of text that says where the bytes are kept. However long it stays, nothing is damaged."""
    vouched: bool | None = None
    """Whether a proof of exactly these bytes, of another file, calls them a whole image. None if there is none, or if
    it makes no difference.
    """
    reason: str = ""
    """Why it is not whole, in a sentence."""
    ctime_ns: int | None = None
    """The file's ctime when it was opened. None if its disk keeps none."""
    width: int | None = None
    height: int | None = None
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a listing shows under an image's name: a regular file, or one whose bytes are in the cloud."""

    stamp: FileStamp | None
    """None for a placeholder, which says nothing about the real file."""
    online_only: bool = False


def unchanged_for(row: ImageFile, now: datetime) -> timedelta:
    """How long the catalog has seen the file unchanged. Never negative."""
    return max(now - row.unchanged_since, timedelta(0))


def is_reliable(proof: Proof) -> bool:
    """True if the proof was not made within 2 s of the mtime, so bytes can be handed out on it.

    An mtime far in the future counts like an old one: some machine's clock is wrong, and this machine will not
    produce the same mtime again.
    """
    return abs(_as_ns(proof.proven_at) - proof.stamp.mtime_ns) >= _RELIABLE_AFTER_NS


def choose_mtime(source_mtime_ns: int, now: datetime) -> int:
    """The mtime, in ns, for a file that is about to be written under a name that is free.

    It is that of its source, by which people find a picture that does not say when it was taken, on each machine and
    after the catalog was rebuilt. But it is at least two seconds ago: a later write then gives the file another one,
    so the bytes need not be read again to be sure. A source without a usable time has those two seconds only.

    Law: a proof that is made now or later is reliable. Law: usable times of two seconds ago or earlier are kept.
    """
    latest_ns = _as_ns(now) - _RELIABLE_AFTER_NS
    return min(source_mtime_ns, latest_ns) if source_mtime_ns >= EARLIEST_MTIME_NS else latest_ns


def has_reliable_proof(row: ImageFile) -> bool:
    """True if the row's proof can be relied on, provided that the file still has the row's stamp."""
    return (
        row.state is FileState.PRESENT
        and row.absent_since is None
        and row.proof_is_current
        and row.proof is not None
        and is_reliable(row.proof)
    )


def register_listed(
    sd: int, path: str, image_id: ImageId | None, media_type: str, seen: Seen, now: datetime
) -> ImageFile:
    """The row of a file that a listing shows for the first time: present and unproven.

    An empty file is arriving at once: no image has zero bytes.
    """
    return ImageFile(
        sd=sd, path=path, image_id=image_id, media_type=media_type, stamp=seen.stamp,
        state=_state_of_unread(seen), first_seen=now, unchanged_since=now,
    )  # fmt: skip


def register_lost(
    sd: int, path: str, image_id: ImageId, media_type: str, stamp: FileStamp, copy: Look | None, now: datetime
) -> ImageFile:
    """The row of an image's own file if only a conflict copy of it was ever seen here: it is missing.

    Size, times, and what the picture says of itself are those of the copy, because that is what is shown. ``copy`` is
    None if its bytes were read earlier. The row keeps no inode, so no file is ever taken for the copy.
    """
    row = ImageFile(
        sd=sd, path=path, image_id=image_id, media_type=media_type, stamp=replace(stamp, inode=0),
        state=FileState.MISSING, first_seen=now, unchanged_since=now,
    )  # fmt: skip
    if copy is None:
        return row
    return replace(row, width=copy.width, height=copy.height, taken_at=copy.taken_at)


def after_listing(row: ImageFile, seen: Seen | None, now: datetime, *, vanishing_held: bool) -> ImageFile:
    """The row after a healthy listing that shows the file like this, or not at all (``seen`` is None).

    ``vanishing_held`` is the mass-vanish brake: absence is noted, but does not become *missing*.

    Law: applying it twice with the same arguments changes nothing the second time.
    """
    if seen is None:
        return _after_absence(row, now, vanishing_held=vanishing_held)
    if seen.online_only:
        return _after_eviction(row, seen, now)
    if row.absent_since is not None or row.state not in HERE:
        return _after_return(row, seen, now)
    if seen.stamp == row.stamp:
        return row
    state = FileState.ARRIVING if row.state in FAILED else _state_of_unread(seen)
    return replace(row, stamp=seen.stamp, state=state, unchanged_since=now)


def after_deletion(row: ImageFile) -> ImageFile:
    """The row after a person moved its file to the trash. If the file comes back, it gets its old state.

    Law: applying it twice changes nothing the second time.
    """
    if row.state is FileState.TRASHED:
        return row
    prior = row.prior_state if row.state in (FileState.MISSING, FileState.ONLINE_ONLY) else row.state
    return replace(row, state=FileState.TRASHED, prior_state=prior, absent_since=None, absence_accepted=False)


def after_look(row: ImageFile, look: Look, now: datetime, layout: Layout = ID_LAYOUT) -> ImageFile:
    """The row after its bytes were read. ``look`` is what they showed.

    If names say no ids, a proven file is the image that its bytes are, whatever it was before.

    Law: a content id becomes proven and present exactly if the SHA-256 fits. Age, size, and mtime do not matter. Law:
    bytes that match the row's last proof are always present again, by the same kind of proof (H37). Law: a file that
    failed and is younger than 24 h is never damaged, and keeps no proof. Law: the same look again, now or later,
    gives exactly the same row, unless elapsed time decides otherwise.
    """
    met = _here_again(row)
    if look.stamp != row.stamp:
        met = replace(met, stamp=look.stamp, unchanged_since=now)
    media_type = look.media_type or row.media_type
    kind = _proof_of(met, look, now, layout)
    if kind is None:
        failed = replace(
            met, state=_state_of_failed(met, look, now, layout), media_type=media_type, proof=None
        )
        if failed.state is FileState.FOREIGN:  # its own picture, not that of the bytes before
            failed = replace(failed, width=look.width, height=look.height)
        return row if failed == row else failed
    # A legacy id needs a whole structure or a decoder that reached the last row.
    whole: bool | None = look.whole or kind is not ProofKind.HASH
    if kind is ProofKind.HASH and not layout.names_are_ids:
        whole = _whole_by_another_proof(met, look)
    proof = Proof(kind, look.sha256, look.stamp, now, look.ctime_ns, whole)
    if met.state is FileState.PRESENT and met.proof is not None and _is_no_news(met.proof, proof):
        return met
    return replace(
        met, image_id=met.image_id if layout.names_are_ids else content_id_of(look.sha256),
        state=FileState.PRESENT, proof=proof, media_type=media_type,
        width=look.width, height=look.height, taken_at=look.taken_at,
    )  # fmt: skip


def event_between(
    old: ImageFile | None, new: ImageFile, sd_id: str | None, now: datetime, *, saved: bool = False
) -> ImageEvent | None:
    """The event for the change from ``old`` to ``new``, or None. ``saved``: Strandline has just written the file.

    Law: a change from ``new`` to an equal row is never an event, so each change is reported once.
    """
    cls = _event_class(old, new)
    if cls is None:
        return None
    event = cls(
        at=now, sd_id=sd_id, image_id=new.image_id, filename=new.filename, path=new.path, state=new.state,
        whole=new.is_whole,
    )  # fmt: skip
    if isinstance(event, ImageChanged) and old is not None and old.image_id != new.image_id:
        return replace(event, old_image_id=old.image_id)
    return replace(event, saved=True) if saved and isinstance(event, ImageAvailable) else event


def has_proof_of(row: ImageFile, sha256: str) -> bool:
    """True if the row's last proof is of exactly these bytes. Its verdict then stands, whatever the file's stamp."""
    return row.proof is not None and row.proof.sha256 == sha256


def wants_decoding(
    row: ImageFile,
    sha256: str,
    *,
    structure_whole: bool,
    needs_decoding: bool,
    now: datetime,
    layout: Layout = ID_LAYOUT,
) -> bool:
    """Whether a decoder must be asked before :func:`after_look` can judge a legacy file with these bytes.

    ``needs_decoding`` is True for the families whose structure cannot show a hole (RIFF, ISO).
    """
    if needs_hash(row, layout) or has_proof_of(row, sha256):
        return False
    if structure_whole:
        return needs_decoding
    return unchanged_for(row, now) >= DECODE_AFTER


def would_condemn(row: ImageFile, now: datetime) -> bool:
    """Whether a failed look would newly mark the file as damaged, which hides it for a long time."""
    return row.state is not FileState.DAMAGED and unchanged_for(row, now) >= DAMAGED_AFTER


def find_stale_date(row: ImageFile, now: datetime) -> datetime | None:
    """The file's own date if it is called arriving and will hardly arrive: it was written more than a day ago by that
    date, and has not changed since it was first seen. None otherwise. It decides words and offers, never a state.
    """
    if row.state is not FileState.ARRIVING or row.stamp is None or row.stamp.mtime is None:
        return None
    is_untouched = row.unchanged_since <= row.first_seen
    return row.stamp.mtime if is_untouched and now - row.stamp.mtime > DAMAGED_AFTER else None


def _is_no_news(old: Proof, new: Proof) -> bool:
    """True if the new proof would change nothing important. It is then not written, so reads cause no writes."""
    same = replace(old, proven_at=new.proven_at) == new
    return same and (is_reliable(old) or not is_reliable(new))


def needs_hash(row: ImageFile, layout: Layout) -> bool:
    """Whether only a hash proves the file."""
    return layout.evidence_for(row.image_id) is Evidence.HASH


def _whole_by_another_proof(row: ImageFile, look: Look) -> bool | None:
    """Of a file that is proven because the same bytes were proven before, here or elsewhere."""
    if row.proof is not None and has_proof_of(row, look.sha256):
        return row.proof.whole
    return look.vouched


def _proof_of(row: ImageFile, look: Look, now: datetime, layout: Layout) -> ProofKind | None:
    if needs_hash(row, layout):
        return ProofKind.HASH if content_id_of(look.sha256) == row.image_id else None
    if look.media_type is None or look.stamp.size_bytes == 0:
        return None
    if row.proof is not None and has_proof_of(row, look.sha256):
        return row.proof.kind
    if look.vouched is not None:
        return ProofKind.HASH
    quiet = unchanged_for(row, now)
    if look.whole and look.decodes is not False and (not look.open_ended or quiet >= QUIET):
        return ProofKind.STRUCTURE
    if look.decodes and quiet >= DECODE_AFTER:
        return ProofKind.DECODED
    return None


def _state_of_failed(row: ImageFile, look: Look, now: datetime, layout: Layout) -> FileState:
    quiet = unchanged_for(row, now)
    enough = QUIET_WITH_TRAILING_BYTES if look.trailing_bytes or look.open_ended else QUIET
    if needs_hash(row, layout) and look.whole and look.media_type is not None and quiet >= enough:
        return FileState.FOREIGN
    if look.is_pointer:
        return FileState.ARRIVING
    return FileState.DAMAGED if quiet >= DAMAGED_AFTER else FileState.ARRIVING


def _state_of_unread(seen: Seen) -> FileState:
    if seen.online_only:
        return FileState.ONLINE_ONLY
    return FileState.ARRIVING if seen.stamp is not None and seen.stamp.size_bytes == 0 else FileState.PRESENT


def _here_again(row: ImageFile) -> ImageFile:
    if row.absent_since is None and not row.absence_accepted and row.prior_state is None:
        return row
    return replace(row, absent_since=None, absence_accepted=False, prior_state=None)


def _after_return(row: ImageFile, seen: Seen, now: datetime) -> ImageFile:
    """The row of a file that is back after being absent, missing, online-only, or trashed: in its old state,
    otherwise unproven.

    If the image was not shown meanwhile, a lapsed proof is dropped, so the next proof announces it again.
    """
    assert seen.stamp is not None
    state = _state_of_unread(seen)
    if row.stamp is not None and _agree(seen.stamp, row.stamp):
        candidates = (row.state, row.prior_state, state)
        state = next(each for each in candidates if each in HERE)
    back = replace(
        _here_again(row), state=state, stamp=seen.stamp,
        unchanged_since=row.unchanged_since if seen.stamp == row.stamp else now,
    )  # fmt: skip
    if back.proof_is_current or _last_state(row) is FileState.PRESENT:
        return back
    return replace(back, proof=None)


def _agree(one: FileStamp, other: FileStamp) -> bool:
    """Whether both are of the same bytes. A file may come back with another inode, but with its time."""
    if not one.mtime_ns:
        return one == other
    return (one.size_bytes, one.mtime_ns) == (other.size_bytes, other.mtime_ns)


def _last_state(row: ImageFile) -> FileState:
    """The state in which people last saw the image. Being moved to the cloud says nothing about the bytes."""
    return row.prior_state or row.state if row.state is FileState.ONLINE_ONLY else row.state


def _after_absence(row: ImageFile, now: datetime, *, vanishing_held: bool) -> ImageFile:
    if row.state not in EXPECTED:
        return row
    if row.absent_since is None:
        return replace(row, absent_since=now)
    gone_for = max(now - row.absent_since, timedelta(0))
    if gone_for < MISSING_AFTER or (vanishing_held and not row.absence_accepted):
        return row
    prior = row.prior_state if row.state is FileState.ONLINE_ONLY else row.state
    return replace(row, state=FileState.MISSING, prior_state=prior)


def _after_eviction(row: ImageFile, seen: Seen, now: datetime) -> ImageFile:
    stamp = row.stamp
    if seen.stamp is not None and (stamp is None or stamp.size_bytes != seen.stamp.size_bytes):
        stamp = seen.stamp
    if row.state is FileState.ONLINE_ONLY and row.absent_since is None and stamp == row.stamp:
        return row
    prior = row.prior_state if row.state is FileState.ONLINE_ONLY else row.state
    since = row.unchanged_since if stamp == row.stamp else now
    return replace(
        _here_again(row), state=FileState.ONLINE_ONLY, prior_state=prior, stamp=stamp, unchanged_since=since
    )


def _as_ns(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


_EVENT_OF_STATE: dict[FileState, type[ImageEvent]] = {
    FileState.ARRIVING: ImageArriving,
    FileState.DAMAGED: ImageDamaged,
    FileState.FOREIGN: ImageForeign,
    FileState.MISSING: ImageMissing,
    FileState.TRASHED: ImageRemoved,
}


def _event_class(old: ImageFile | None, new: ImageFile) -> type[ImageEvent] | None:
    if new.state is not FileState.PRESENT:
        moved = old is None or old.state is not new.state
        return _EVENT_OF_STATE.get(new.state) if moved else None
    if not new.proof_is_current or new.absent_since is not None:
        return None
    if old is None or old.proof is None or _last_state(old) is not FileState.PRESENT:
        return ImageAvailable
    if new.proof is not None and old.proof.sha256 != new.proof.sha256:
        return ImageChanged
    return None
