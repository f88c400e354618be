"""Since when each file in a machine's folders is as it is, and since when it is gone.

In seconds of the machine's monotonic clock, by the folder's label and the file's key. What surprises: a placeholder
stands for its file. A file that a row expects is gone from the first look that does not find it, even if nobody has
ever seen it here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stateful.cloud import find_evicted
from stateful.replica import Seen

Place = tuple[str, str]


class Sightings:
    """What the looks at the folders have seen so far."""

    def __init__(self) -> None:
        self._changed: dict[Place, tuple[Seen, float]] = {}
        self._gone_since_s: dict[Place, float] = {}

    def note(
        self,
        label: str,
        entries: Mapping[str, Seen],
        expected: Iterable[str],
        now_s: float,
        *,
        is_reachable: bool,
    ) -> set[str]:
        """Records one look. Returns the keys that are new or changed.

        Args:
            label: The folder's label.
            entries: All entries of the folder.
            expected: Keys of the catalog's files in the folder.
            now_s: The current time.
            is_reachable: Whether a scan could see it. No scan sees changes while the folder is offline.
        """
        changed = {
            key for key, seen in entries.items() if self._changed.get((label, key), (None,))[0] != seen
        }
        self._changed |= {(label, key): (entries[key], now_s) for key in changed}
        there = entries.keys() | {key for each in entries if (key := _find_evicted_key(each))}
        if is_reachable:
            for key in there:
                self._gone_since_s.pop((label, key), None)
        known = {key for known_label, key in self._changed if known_label == label} | {*expected}
        for key in known - there:
            self._gone_since_s.setdefault((label, key), now_s)
        return changed

    def get_change_s(self, label: str, key: str) -> float:
        """When the present file became as it is."""
        return self._changed[label, key][1]

    def get_absence_s(self, label: str, key: str) -> float:
        """When the absent file was first absent."""
        return self._gone_since_s[label, key]

    def rename(self, old: str, new: str, now_s: float, accepted: set[str]) -> None:
        """Renames a label. The new one goes to an empty folder.

        Files whose absence a person has ``accepted`` keep their time of absence.
        """
        for key in [key for label, key in self._changed if label == old]:
            self._changed[new, key] = self._changed.pop((old, key))
        for key in [key for label, key in self._gone_since_s if label == old]:
            self._gone_since_s[new, key] = self._gone_since_s.pop((old, key))
        for key in [key for label, key in self._changed if label == new]:
            self._gone_since_s[old, key] = (
                self._gone_since_s.get((new, key), now_s) if key in accepted else now_s
            )


def _find_evicted_key(key: str) -> str | None:
    folder, slash, name = key.rpartition("/")
    evicted = find_evicted(name)
    return None if evicted is None else f"{folder}{slash}{evicted}"
