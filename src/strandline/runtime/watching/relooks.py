"""Second looks: files that failed their proof, and when to look at them again (SPEC §6).

Quiet time only spaces repeated looks: two seconds at first, doubling to five minutes while nothing changes, and back
to two seconds at any change. A file that was proven *too soon after its mtime* is also looked at again, once, because
its proof may not be relied on.
"""

from __future__ import annotations

import heapq

from strandline.model.values import dataclass

FIRST_S = 2.0
LONGEST_S = 300.0


@dataclass(frozen=True, slots=True)
class FileKey:
    """One file of one storage directory."""

    sd: int
    filename: str


class Relooks:
    """A queue of files, ordered by due time. Not thread-safe. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._due_s: dict[FileKey, float] = {}
        self._wait_s: dict[FileKey, float] = {}
        self._heap: list[tuple[float, int, str]] = []

    def __len__(self) -> int:
        return len(self._due_s)

    def add(self, key: FileKey, now_s: float, *, changed: bool) -> None:
        """Schedules the next look: 2 s after a change or at first, otherwise after twice the last wait."""
        last_s = self._wait_s.get(key)
        wait_s = FIRST_S if changed or last_s is None else min(2 * last_s, LONGEST_S)
        self._wait_s[key] = wait_s
        self._due_s[key] = now_s + wait_s
        heapq.heappush(self._heap, (now_s + wait_s, key.sd, key.filename))

    def ensure(self, key: FileKey, now_s: float) -> None:
        """Schedules a look if none is scheduled. Otherwise changes nothing."""
        if key not in self._due_s:
            self.add(key, now_s, changed=False)

    def drop(self, key: FileKey) -> None:
        """Forgets the file. If it fails again later, its wait starts at 2 s."""
        self._due_s.pop(key, None)
        self._wait_s.pop(key, None)

    def take_due(self, now_s: float, limit: int) -> list[FileKey]:
        """Removes and returns up to ``limit`` due files. Call :meth:`add` again for those that need another look."""
        due: list[FileKey] = []
        while self._heap and len(due) < limit and self._heap[0][0] <= now_s:
            due_s, sd, filename = heapq.heappop(self._heap)
            key = FileKey(sd, filename)
            if self._due_s.get(key) == due_s:
                del self._due_s[key]
                due.append(key)
        return due

    def next_due_s(self) -> float | None:
        """Seconds until the next look, or None if none is scheduled."""
        while self._heap and self._due_s.get(FileKey(*self._heap[0][1:])) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
