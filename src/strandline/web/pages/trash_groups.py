"""The trash as a person remembers it: what was deleted together, and what is called like what they type. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

from strandline.model.folding import fold, split_words
from strandline.model.plain_words import say_count
from strandline.model.trash import RESTORABLE, ListedFile, TrashReason
from strandline.web.pages.words import say_lately

TOGETHER = timedelta(seconds=10)
"""Files that follow each other within this time into the trash, for the same reason, were deleted together. A
deletion of thousands takes minutes, but each of its files only moments.
"""

SAID = {
    TrashReason.DELETED: ("file deleted", "files deleted"),
    TrashReason.COLLECTED: ("unused picture cleaned up", "unused pictures cleaned up"),
    TrashReason.FOLDED: ("conflict copy folded", "conflict copies folded"),
    TrashReason.VERSION: ("version not kept", "versions not kept"),
}
"""What happened to one file, and to several."""

IMAGES_DELETED = ("image deleted", "images deleted")
"""The same if each file is of another image."""


class Deletion(NamedTuple):
    """Files that were deleted together, latest first. There is at least one."""

    files: Sequence[ListedFile]

    @property
    def newest(self) -> str:
        """The trash id of the file that was deleted last."""
        return self.files[0].entry.trash_id

    @property
    def oldest(self) -> str:
        """The trash id of the file that was deleted first."""
        return self.files[-1].entry.trash_id

    @property
    def title(self) -> str:
        """``31 images deleted at 06:07``; ``3 files deleted at 06:07`` if some of them are of one image."""
        entry, number = self.files[-1].entry, len(self.files)
        is_each = len({each.entry.image_id for each in self.files}) == number
        said = IMAGES_DELETED if is_each and entry.reason is TrashReason.DELETED else SAID[entry.reason]
        return f"{say_count(number, *said)} {say_lately(entry.trashed_at)}"

    @property
    def size_bytes(self) -> int:
        """Of all of them."""
        return sum(each.entry.size_bytes for each in self.files)


def group_deletions(listed: Sequence[ListedFile]) -> list[Deletion]:
    """The restorable ones of these files, which are latest first, by deletion.

    Law: none is lost, none is twice, and their order stays.
    """
    groups: list[list[ListedFile]] = []
    for each in listed:
        if each.entry.reason not in RESTORABLE:
            continue
        before = groups[-1][-1].entry if groups else None
        if (
            before is not None
            and before.reason is each.entry.reason
            and before.trashed_at - each.entry.trashed_at <= TOGETHER
        ):
            groups[-1].append(each)
        else:
            groups.append([each])
    return [Deletion(files) for files in groups]


def choose_between(listed: Sequence[ListedFile], newest: str, oldest: str) -> list[str]:
    """The trash ids of the restorable files from one to another, both included, for the reason of the first one.
    Empty if one of the two has gone meanwhile: then a person should look again.
    """
    ids = [each.entry.trash_id for each in listed]
    if newest not in ids or oldest not in ids:
        return []
    between = [each.entry for each in listed[ids.index(newest) : ids.index(oldest) + 1]]
    return [
        entry.trash_id
        for entry in between
        if entry.reason in RESTORABLE and entry.reason is between[0].reason
    ]


def match_text(
    listed: Sequence[ListedFile], text: str, say: Callable[[ListedFile], str]
) -> Sequence[ListedFile]:
    """Those whose words, as ``say`` has them, have all words of the text in them, like a search in the gallery."""
    words = split_words(text)
    return [each for each in listed if all(word in fold(say(each)) for word in words)] if words else listed
