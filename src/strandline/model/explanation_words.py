"""What an explanation says of an image, from its trace: the summary, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from strandline.model.image_files import FileState, ImageFile
from strandline.model.image_ids import ImageId, is_content_id
from strandline.model.remedies import refer_to, say_add, say_command, say_confirm
from strandline.model.reports import Explanation, StorageDirTrace
from strandline.model.states import is_expected
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.model.verdicts import Verdict

REPLACED = "another whole image is there"
"""How a file begins to be described that has just become another whole image: it may be on its way to be replaced."""

INCOMPLETE = "incomplete"
"""A file with exactly the bytes of its content id, which are no whole image. It is shown anyway."""

TEMPORARY = "temporary"
"""A file that a sync client writes before it gives it the image's name. It says nothing about the image."""

VERDICTS = {
    "present": Verdict.SHOWN,
    INCOMPLETE: Verdict.SHOWN,
    "conflict-copy": Verdict.FROM_CONFLICT_COPY,
    "arriving": Verdict.ARRIVING,
    "online-only": Verdict.ONLINE_ONLY,
    "damaged": Verdict.DAMAGED,
    "foreign": Verdict.FOREIGN,
    "unreadable": Verdict.UNREADABLE,
}
"""The verdict on the image from a fact about one file. Of several facts, the first in this order counts."""


_WRITERS = {
    "": "another program",
    "browser": "a browser",
    "google-drive": "Google Drive",
    "onedrive": "OneDrive",
}
_OWN_SPELLING = frozenset({"rclone", "rsync"})


def say_writer(client: str) -> str:
    """The name of the program that gives files such names, as ``sync_names`` knows it."""
    return _WRITERS.get(client) or (client if client in _OWN_SPELLING else client.title())


def is_suspect(trace: StorageDirTrace) -> bool:
    """Whether the image's file is one of so many missing files that their absence is not believed."""
    return trace.sd.state is StorageDirState.SUSPECT and any(map(is_expected, trace.catalog))


def say_summary(image_id: ImageId, verdict: Verdict, traces: tuple[StorageDirTrace, ...]) -> str:
    """What became of the image, in a sentence."""
    where = ", ".join(repr(trace.sd.name) for trace in traces if _has(trace, verdict))
    lacks = ", but it is not whole: it was saved or written so" if _is_incomplete(traces) else ""
    doubtful = ", ".join(repr(trace.sd.name) for trace in traces if is_suspect(trace))
    away = ", ".join(repr(trace.sd.name) for trace in traces if not trace.sd.is_reachable)
    if is_decayed(verdict, traces):
        return f"image {image_id} is damaged in {where}: the disk changed its bytes, and nobody wrote to the file."
    if not traces:
        return f"image {image_id} cannot be found: no storage directory is known."
    if verdict is Verdict.NOT_FOUND and find_deleted(traces) is not None:
        return f"image {image_id} was deleted, and is in the trash of this machine."
    return {
        Verdict.SHOWN: f"image {image_id} is shown from {where}{lacks}.",
        Verdict.FROM_CONFLICT_COPY: (
            f"image {image_id} is shown from a conflict copy in {where}; its own file is missing or bad."
        ),
        Verdict.ARRIVING: (
            f"under the name of image {image_id}, {where} has another whole image since a moment ago."
            if _is_replaced(traces)
            else f"image {image_id} is still arriving in {where}."
        ),
        Verdict.ONLINE_ONLY: (
            f"image {image_id} is in the cloud; {where} has only its placeholder on this machine."
        ),
        Verdict.DAMAGED: (
            f"image {image_id} is damaged in {where}: its bytes are not whole and have stopped changing."
        ),
        Verdict.FOREIGN: f"under the name of image {image_id}, {where} has another image.",
        Verdict.UNREADABLE: f"image {image_id} may be in {where}, which cannot be read now.",
        Verdict.SD_SUSPECT: (
            f"Strandline cannot tell whether image {image_id} is gone: too many files are gone from {doubtful} at "
            "once."
        ),
        Verdict.SD_OFFLINE: f"image {image_id} is not here, but may be in {away}, which cannot be read now.",
        Verdict.NOT_FOUND: (
            f"image {image_id} is not in {traces[0].sd.name!r}."
            if len(traces) == 1
            else f"image {image_id} is in no storage directory."
        ),
    }[verdict]


def _has(trace: StorageDirTrace, verdict: Verdict) -> bool:
    return any(VERDICTS.get(fact.what) is verdict for fact in trace.disk)


def is_decayed(verdict: Verdict, traces: tuple[StorageDirTrace, ...]) -> bool:
    """Whether all that is there of the image are files whose bytes the disk changed."""
    facts = [fact for trace in traces for fact in trace.disk if VERDICTS.get(fact.what) is verdict]
    return bool(facts) and all(fact.is_decayed for fact in facts)


def _is_incomplete(traces: tuple[StorageDirTrace, ...]) -> bool:
    """Whether the image itself is not whole. All files with the bytes of one content id are alike."""
    return any(fact.what == INCOMPLETE for trace in traces for fact in trace.disk)


def _is_replaced(traces: tuple[StorageDirTrace, ...]) -> bool:
    """Whether nothing of the image arrives: another whole one has its name, but not for long enough to be foreign."""
    arriving = [fact for trace in traces for fact in trace.disk if fact.what == "arriving"]
    return bool(arriving) and all(fact.message.startswith(REPLACED) for fact in arriving)


MENDED_BY_ORIGINAL = frozenset({Verdict.NOT_FOUND, Verdict.DAMAGED, Verdict.FOREIGN})
"""Saving the file again that an image was saved from brings these back. The others may still come by themselves."""

_NEXT = {
    Verdict.SHOWN: None,
    Verdict.FROM_CONFLICT_COPY: (
        "Check the conflict copy and rename it if it is the right one. Strandline never renames it."
    ),
    Verdict.ARRIVING: "It is looked at again when the file changes; let the sync client finish.",
    Verdict.ONLINE_ONLY: "Have the sync client keep it on this device, or open it there once.",
    Verdict.DAMAGED: "Copy it again from another machine. Good bytes are noticed automatically.",
    Verdict.FOREIGN: "Save that file as a new image and copy the original from another machine.",
    Verdict.UNREADABLE: "Let this user read the file and its folder, or check the disk. Then try again.",
    Verdict.SD_SUSPECT: "If the folder is still syncing, wait. If the files were deleted on purpose, run {confirm}.",
    Verdict.SD_OFFLINE: "{back}, then try again. {show} says why it is away.",
    Verdict.NOT_FOUND: (
        "Let the folder finish syncing, on this machine and on the one that made the image.{accept}"
    ),
}
_NEXT_BY_FACT = {
    "rival-copy": "Its conflict copies differ: give the right one the image's own name.",
    "symlink": "A link has its name, and links are never followed: put the file itself there.",
    "folder": "A folder has its name: move it away and put the file itself there.",
    "special file": "Something that is not a file has its name: move it away and put the file itself there.",
    TEMPORARY: "Let the program that writes it finish. If the file does not change any more, copy the image again.",
}
"""What to do if such a fact is all that is known about the image."""


def find_deleted(traces: Sequence[StorageDirTrace]) -> ImageFile | None:
    """A file of the image that is in the trash of this machine."""
    rows = (row for trace in traces for row in trace.catalog)
    return next((row for row in rows if row.state is FileState.TRASHED), None)


def say_restore(image_id: str) -> str:
    """What a person can do about an image that is in the trash of this machine."""
    return f"To bring it back, run {say_command('trash', 'restore', image_id)}."


def say_next(verdict: Verdict, traces: tuple[StorageDirTrace, ...]) -> str | None:
    """What a person can do about it; None if nothing needs to be done."""
    if not traces:
        return f"Add one with {say_add()}."
    if verdict is Verdict.NOT_FOUND and (deleted := find_deleted(traces)) is not None:
        return say_restore(str(deleted.image_id))
    if verdict is Verdict.NOT_FOUND:
        seen = {fact.what for trace in traces for fact in trace.disk}
        for what, advice in _NEXT_BY_FACT.items():
            if what in seen:
                return advice
    if verdict is Verdict.SHOWN and _is_incomplete(traces):
        return "Look for the whole picture where this one came from, and save that; it gets an id of its own."
    if is_decayed(verdict, traces):
        return (
            f"Its right bytes may be in another folder, in the trash, or in a backup. If they are, run "
            f"{say_command('verify', '--repair')}."
        )
    if verdict is Verdict.ARRIVING and _is_replaced(traces):
        return "If the sync client is replacing it, let it finish. If it stays, it counts as another image."
    suspects = [say_confirm(trace.sd) for trace in traces if is_suspect(trace)]
    away = [say_command("sd", "show", refer_to(trace.sd)) for trace in traces if not trace.sd.is_reachable]
    found = _NEXT[verdict]
    return found and found.format(
        confirm=" or ".join(suspects),
        show=" or ".join(away),
        accept=_say_accept(traces),
        back=_say_back(traces),
    )


def _say_back(traces: Sequence[StorageDirTrace]) -> str:
    """How folders and buckets that are away come back."""
    are_on_disk = {trace.sd.is_on_disk for trace in traces if not trace.sd.is_reachable}
    ways = {
        True: "Bring it back (mount the disk, or sign in)",
        False: "Check the object store and `s3.endpoint`",
    }
    if len(are_on_disk) == 1:
        return ways[are_on_disk.pop()]
    return "Bring it back (mount the disk, sign in, or if it is a bucket, check the object store)"


def say_next_with_original(explanation: Explanation, original: str) -> str:
    """The same if the file that the image was saved from still has exactly its bytes."""
    traces, image_id = explanation.sds, explanation.image_id
    advice = f"The file that it was saved from is still there: {original}."
    target = choose_target(traces, image_id)
    if target is None:
        return advice
    own_id = () if is_content_id(image_id) else ("--id", image_id)
    command = say_command("save", original, "--sd", refer_to(target), *own_id)
    accept = _say_accept(traces) if explanation.verdict is Verdict.NOT_FOUND else ""
    return f"{advice} To bring the image back, run {command}.{accept}"


def choose_target(traces: Sequence[StorageDirTrace], image_id: ImageId) -> StorageDir | None:
    """Where the image belongs: a storage directory that knows it, otherwise any, if it can be saved there under its
    id. In a folder of named pictures, that is only a content id.
    """
    kept = (LayoutKind.IDS, LayoutKind.NAMED) if is_content_id(image_id) else (LayoutKind.IDS,)
    writable = [
        trace
        for trace in traces
        if trace.sd.state is StorageDirState.ONLINE and not trace.sd.read_only and trace.sd.layout in kept
    ]
    known = [trace for trace in writable if trace.catalog or trace.disk]
    return next((trace.sd for trace in (*known, *writable)), None)


def _say_accept(traces: Sequence[StorageDirTrace]) -> str:
    known = [say_command("sd", "accept-missing", refer_to(trace.sd)) for trace in traces if trace.catalog]
    return f" If it was deleted on purpose, run {' or '.join(known)} after the next scan." if known else ""
