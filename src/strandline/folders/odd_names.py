"""Names that no probe would guess: odd spellings of wanted names, and conflict copies, placeholders, and temporaries
of them.

Discovery probes ``{id}.{ext}`` in lower and upper case. Only a listing shows ``Id.Png`` and
``{id} (conflicted copy).png``. The index keeps the result of such a listing by image id, and lists again only if the
folder may have changed. A folder's mtime proves nothing while it is younger than 2 s, because another name may come
within the same tick. Then the listing is good for 2 s and no longer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import field
from itertools import filterfalse

from strandline.folders.media_folder import find_folder_mtime_ns, iter_names
from strandline.model.image_ids import ImageId
from strandline.model.media_names import classify_media_name, match_exact_name, split_wanted_name
from strandline.model.sync_names import NameKind
from strandline.model.values import dataclass

SETTLED_AFTER_S = 2.0
"""FAT keeps mtimes to 2 s. If the mtime was older than this at the listing, no name can appear later without
moving it.
"""


@dataclass(frozen=True, slots=True)
class OddNames:
    """Names in one media folder that belong to one image, sorted."""

    spellings: tuple[str, ...] = ()
    """Wanted names that are not all lower case."""
    conflict_copies: tuple[str, ...] = ()
    placeholders: tuple[str, ...] = ()
    temporaries: tuple[str, ...] = ()
    """Of a program that is writing the image, or was stopped."""


NO_ODD_NAMES = OddNames()


@dataclass(slots=True)
class _Index:
    folder_mtime_ns: int
    listed_at_s: float
    """Monotonic."""
    is_settled: bool
    by_image: dict[ImageId, OddNames] = field(default_factory=dict)


class OddNameIndex:
    """The odd names of each requested media folder. Thread-safe. Memory grows with odd names only.

    Args:
        now_s: The wall clock, as POSIX time.
        monotonic: Seconds.
        tells_changes: Whether the mtime of the folders below this root moves whenever a name in them does.
    """

    def __init__(
        self,
        *,
        now_s: Callable[[], float],
        monotonic: Callable[[], float],
        tells_changes: Callable[[str], bool],
    ) -> None:
        self._now_s = now_s
        self._monotonic = monotonic
        self._tells_changes = tells_changes
        self._lock = threading.Lock()
        self._indexes: dict[str, _Index] = {}

    def find(self, root: str, image_id: ImageId) -> OddNames:
        """The image's odd names in ``<root>/media``. Cost: one ``lstat``, and sometimes a listing.

        Raises:
            OSError: The folder exists but cannot be listed.
        """
        mtime_ns = find_folder_mtime_ns(root)
        if mtime_ns is None:
            return NO_ODD_NAMES
        with self._lock:
            index = self._indexes.get(root)
        if index is None or not self._is_fresh(index, mtime_ns):
            # Outside the lock, so that a hanging share delays nobody else.
            index = self._list(root, mtime_ns)
            with self._lock:
                self._indexes[root] = index
        return index.by_image.get(image_id, NO_ODD_NAMES)

    def _is_fresh(self, index: _Index, mtime_ns: int) -> bool:
        if index.is_settled and index.folder_mtime_ns == mtime_ns:
            return True
        return self._monotonic() - index.listed_at_s < SETTLED_AFTER_S

    def _list(self, root: str, mtime_ns: int) -> _Index:
        age_s = self._now_s() - mtime_ns / 1e9
        settled = age_s >= SETTLED_AFTER_S and self._tells_changes(root)
        return _Index(mtime_ns, self._monotonic(), settled, sort_odd_names(iter_names(root)))


def sort_odd_names(names: Iterable[str]) -> dict[ImageId, OddNames]:
    """The odd names among those of a media folder, by image. Pure."""
    found: dict[ImageId, dict[str, list[str]]] = {}
    for name in filterfalse(match_exact_name, names):
        wanted = split_wanted_name(name)
        if wanted is not None:
            found.setdefault(wanted[0], {}).setdefault("spellings", []).append(name)
            continue
        meaning = classify_media_name(name)
        kind = _KINDS.get(meaning.kind)
        stands_for = None if meaning.stands_for is None else split_wanted_name(meaning.stands_for)
        if kind is not None and stands_for is not None:
            found.setdefault(stands_for[0], {}).setdefault(kind, []).append(name)
    return {
        image_id: OddNames(**{kind: tuple(sorted(some)) for kind, some in kinds.items()})
        for image_id, kinds in found.items()
    }


_KINDS = {
    NameKind.CONFLICT_COPY: "conflict_copies",
    NameKind.DUPLICATE: "conflict_copies",
    NameKind.PLACEHOLDER: "placeholders",
    NameKind.TEMPORARY: "temporaries",
}
