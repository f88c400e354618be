"""The one table of state words: the word and tone of a file's state, a storage directory's state, and a verdict.

*Present*: the file is there. *Checked*: its bytes were read as they are now, and they are the image's. *Whole*: they
are also a complete picture. Each word means only that, on every face.

Command line, pages, and the browser's tiles use it. Each face has its own colors for a tone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from strandline.model.image_files import FileState, ImageFile, ProofKind
from strandline.model.storage_dirs import StorageDirState
from strandline.model.verdicts import Verdict

if TYPE_CHECKING:
    from datetime import datetime

    from strandline.model.reports import ImageInfo


class Tone(StrEnum):
    """The tone of a word. A face may show it as a color. The word alone says the same."""

    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"
    CLOUD = "cloud"
    PLAIN = ""


class StateWord(NamedTuple):
    """A state in words."""

    word: str
    tone: Tone
    moving: bool = False
    """True if it changes soon without help."""


FILE_WORDS = {
    FileState.PRESENT: StateWord("present", Tone.GOOD),
    FileState.ARRIVING: StateWord("still arriving", Tone.WAIT, moving=True),
    FileState.DAMAGED: StateWord("damaged", Tone.BAD),
    FileState.FOREIGN: StateWord("another image", Tone.BAD),
    FileState.MISSING: StateWord("missing", Tone.BAD),
    FileState.ONLINE_ONLY: StateWord("in the cloud", Tone.CLOUD),
    FileState.TRASHED: StateWord("in the trash", Tone.BAD),
}
"""The word for the state alone. :func:`word_of_file` says more about a present file."""

PROVEN = StateWord("checked", Tone.GOOD)
UNCHECKED = StateWord("unchecked", Tone.PLAIN)
ODD = StateWord("odd", Tone.WAIT)
INCOMPLETE = StateWord("incomplete", Tone.BAD)
DECAYED = StateWord("damaged on disk", Tone.BAD)
"""The word for a file whose bytes the disk changed."""
NOT_SEEN = StateWord("not seen lately", Tone.WAIT)
NOT_READ = StateWord("not read yet", Tone.PLAIN, moving=True)
"""The word for a named picture whose bytes nobody has read, so nobody knows which image it is."""

DISK_WORDS = {
    "present": PROVEN,
    "incomplete": INCOMPLETE,
    "arriving": FILE_WORDS[FileState.ARRIVING],
    "damaged": FILE_WORDS[FileState.DAMAGED],
    "foreign": FILE_WORDS[FileState.FOREIGN],
    "online-only": FILE_WORDS[FileState.ONLINE_ONLY],
    "conflict-copy": StateWord("conflict copy", Tone.WAIT),
    "other-copy": StateWord("conflict copy", Tone.PLAIN),
    "rival-copy": StateWord("conflict copy", Tone.BAD),
    "temporary": StateWord("temporary file", Tone.PLAIN),
    "unreadable": StateWord("cannot be read", Tone.BAD),
}
"""What the disk shows about a file, for explanations."""

STORAGE_DIR_WORDS = {
    StorageDirState.ONLINE: StateWord("online", Tone.GOOD),
    StorageDirState.INCOMPLETE: StateWord("still arriving", Tone.WAIT, moving=True),
    StorageDirState.OFFLINE: StateWord("offline", Tone.BAD),
    StorageDirState.SUSPECT: StateWord("needs a look", Tone.BAD),
}

FROM_CONFLICT_COPY = StateWord("from a conflict copy", Tone.WAIT)
"""The word for an image without a good file of its own that a conflict copy shows."""

AWAY = STORAGE_DIR_WORDS[StorageDirState.OFFLINE]
"""The word for an image none of whose storage directories can be read now."""

MEANINGS = (
    (FILE_WORDS[FileState.ARRIVING], "part of it is here; the picture appears by itself"),
    (NOT_READ, "Strandline has not looked into it so far; the picture appears by itself"),
    (FILE_WORDS[FileState.ONLINE_ONLY], "only its name is on this machine; open it to fetch it"),
    (INCOMPLETE, "it has the right bytes, but they are no whole picture: it was saved or written so"),
    (FILE_WORDS[FileState.DAMAGED], "not whole, and unchanged for a day: look for a good copy"),
    (
        FROM_CONFLICT_COPY,
        "its own file is missing or bad, and a sync client's copy of it is shown; rename that one if it is right",
    ),
    (FILE_WORDS[FileState.FOREIGN], "somebody else's bytes are under this name"),
    (FILE_WORDS[FileState.MISSING], "it was here, and it is gone"),
    (NOT_SEEN, "the last look at its folder did not find it; a later one decides whether it is missing"),
    (AWAY, "its folder cannot be read now; above the gallery is a note with the reason"),
)
"""What the words on tiles mean, for people who ask."""

VERDICT_TONES = {
    Verdict.SHOWN: Tone.GOOD,
    Verdict.FROM_CONFLICT_COPY: Tone.WAIT,
    Verdict.ARRIVING: Tone.WAIT,
    Verdict.ONLINE_ONLY: Tone.CLOUD,
    Verdict.SD_SUSPECT: Tone.WAIT,
    Verdict.SD_OFFLINE: Tone.WAIT,
    Verdict.DAMAGED: Tone.BAD,
    Verdict.FOREIGN: Tone.BAD,
    Verdict.UNREADABLE: Tone.BAD,
    Verdict.NOT_FOUND: Tone.BAD,
}


def word_of_state(state: FileState, *, whole: bool | None) -> StateWord:
    """What is known about a file if only its state and its wholeness are at hand."""
    return INCOMPLETE if state is FileState.PRESENT and whole is False else FILE_WORDS[state]


def word_of_image(image: ImageInfo) -> StateWord:
    """What is known about an image, by its best file; never more than was checked."""
    return FROM_CONFLICT_COPY if image.from_conflict_copy else word_of_file(image.best)


def word_of_file(file: ImageFile) -> StateWord:
    """What is known about one file; never more than was checked."""
    if file.state is not FileState.PRESENT:
        return FILE_WORDS[file.state]
    if file.absent_since is not None:
        return NOT_SEEN
    if file.is_incomplete:
        return INCOMPLETE
    if file.is_proven:
        return PROVEN
    is_odd = file.proof_is_current and file.proof is not None and file.proof.kind is ProofKind.DECODED
    return ODD if is_odd else UNCHECKED


def word_of_disk(what: str) -> StateWord:
    """What the disk shows about one file, for explanations. Facts without a word are shown by their own name."""
    return DISK_WORDS.get(what, StateWord(what, Tone.WAIT))


def word_of_bad(word: StateWord, *, is_decayed: bool, stale_since: datetime | None) -> StateWord:
    """The word for a bad file if more is known of it: the disk changed it, or it will hardly arrive any more."""
    if is_decayed:
        return DECAYED
    if stale_since is not None:
        return StateWord(f"not whole, unchanged since {stale_since:%B %Y}", Tone.WAIT)
    return word
