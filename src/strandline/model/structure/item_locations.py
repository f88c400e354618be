"""Item locations: where an ISO picture says that its bytes are (``iloc``), and whether they can be there.

An extent's offset counts from the start of the file (construction method 0), from the body of the ``idat`` box next
to the index (1), or from the start of another item's bytes (2). A length of 0 means "to the end of that".
"""

from __future__ import annotations

from typing import NamedTuple

from strandline.model.structure.boxes import FULL_BOX_BYTES, Box, Fields, iter_boxes
from strandline.model.structure.verdict import NotWholeError

MAX_INDEX_BYTES = 2 * 1024 * 1024
"""Room for 100,000 tiles. The memory to read such an index stays below 100 MB."""

_USED = frozenset({b"iloc", b"idat", b"iref"})
_IN_FILE, _IN_IDAT, _IN_ITEM = 0, 1, 2


class _Widths(NamedTuple):
    """Number of bytes (0, 4, or 8) of each field of an index."""

    offset: int
    length: int
    base: int
    source: int


class _Borrowed(NamedTuple):
    """An extent of an item that is made of another item's bytes. Checked once all lengths are known."""

    item: int
    source: int
    """Position in the item's list of sources, from 1."""
    end: int


def check_item_locations(data: memoryview, meta: Box) -> int:
    """Checks every extent in the index of a ``meta`` box. Returns the number of items.

    Raises:
        NotWholeError: An extent goes beyond the file, ``idat``, or another item, or the index makes no sense.
    """
    within = iter_boxes(data, meta.body + FULL_BOX_BYTES, meta.end)
    children = {box.kind: box for box in within if box.kind in _USED}
    index = children.get(b"iloc")
    if index is None:
        return 0
    if index.end - index.start > MAX_INDEX_BYTES:
        raise NotWholeError(f"the index of items at byte {index.start} is too long")
    return _IndexCheck(data, index, children).run()


class _IndexCheck:
    """One pass over an ``iloc`` box."""

    def __init__(self, data: memoryview, index: Box, siblings: dict[bytes, Box]) -> None:
        self._data = data
        self._siblings = siblings
        self._fields = Fields(data, index.body, index.end)
        self._lengths: dict[int, int] = {}
        self._borrowed: list[_Borrowed] = []

    def run(self) -> int:
        version = self._fields.take(1)
        self._fields.take(3)
        packed = self._fields.take(2)
        widths = _Widths(*(packed >> shift & 15 for shift in (12, 8, 4, 0)))
        if version > 2 or not {0, 4, 8}.issuperset(widths[:3] if version == 0 else widths):
            raise NotWholeError("the index of items has an unknown layout")
        if version == 0:
            widths = widths._replace(source=0)
        items = self._fields.take(4 if version == 2 else 2)
        for _ in range(items):
            self._check_item(version, widths)
        self._check_borrowed()
        return items

    def _check_item(self, version: int, widths: _Widths) -> None:
        take = self._fields.take
        item = take(4 if version == 2 else 2)
        method = take(2) & 15 if version else _IN_FILE
        take(2)  # data reference: 0 is this file; other files do not occur in practice
        base = take(widths.base)
        extents = take(2)
        if not widths.source + widths.offset + widths.length:
            extents = min(extents, 1)  # they take no bytes and are all alike
        room = self._room(method, item)
        for _ in range(extents):
            source = take(widths.source) or 1
            offset = base + take(widths.offset)
            length = take(widths.length)
            end = offset + length
            if method == _IN_ITEM:
                self._borrowed.append(_Borrowed(item, source, end))
            elif end > room:
                where = "the data ends" if method == _IN_FILE else "its idat box ends"
                raise NotWholeError(f"{where} before item {item}, which reaches {end - room} bytes further")
            else:
                self._lengths[item] = self._lengths.get(item, 0) + (length or room - offset)

    def _room(self, method: int, item: int) -> int:
        """How many bytes are available for an extent."""
        if method == _IN_IDAT:
            idat = self._siblings.get(b"idat")
            return idat.end - idat.body if idat else 0
        if method > _IN_ITEM:
            raise NotWholeError(f"item {item} is made in an unknown way")
        return len(self._data)

    def _check_borrowed(self) -> None:
        """Checks the extents in other items. Such an item cannot itself be a source; real files never do that."""
        sources = self._sources() if self._borrowed else {}
        for item, source, end in self._borrowed:
            of_item = sources.get(item, [])
            if source > len(of_item) or end > self._lengths.get(of_item[source - 1], 0):
                raise NotWholeError(f"item {item} is made of bytes that are not there")

    def _sources(self) -> dict[int, list[int]]:
        """For each item its source items, in order (references of kind ``iloc``)."""
        sources: dict[int, list[int]] = {}
        references = self._siblings.get(b"iref")
        if references is None or references.end - references.start > MAX_INDEX_BYTES:
            return sources
        id_bytes = 4 if Fields(self._data, references.body, references.end).take(1) else 2
        for box in iter_boxes(self._data, references.body + FULL_BOX_BYTES, references.end):
            if box.kind == b"iloc":
                fields = Fields(self._data, box.body, box.end)
                item = fields.take(id_bytes)
                sources[item] = [fields.take(id_bytes) for _ in range(fields.take(2))]
        return sources
