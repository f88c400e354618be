"""Importing: original names from an export, so that they outlive a lost catalog and reach other machines.

The rest of an export tells what was true for the other catalog: its folders, its trash, and its journal. That is
not taken over. Nothing in the document is believed: all of it is checked before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from strandline.errors import InvalidInputError, StrandlineError
from strandline.model.events import parse_time
from strandline.model.image_ids import ImageId, parse_image_id
from strandline.model.reports import ImportedNames
from strandline.services.export import EXPORT_FORMAT
from strandline.services.workbench import Workbench

NAMES_AT_ONCE = 5_000
"""In one transaction: a fraction of a second, so no other process waits for long."""


_FIELDS = ("image_id", "original_name", "source", "saved_at")
"""Of one origin. Each is a text."""


class _Origin(NamedTuple):
    image_id: ImageId
    original_name: str
    source: str
    saved_at: datetime


def import_names(bench: Workbench, exported: object) -> ImportedNames:
    """Adds the original names and sources of an export to the catalog. Removes none. Idempotent.

    Names of images that are not here are added, too: the images may still be on their way.

    Raises:
        InvalidInputError: It is not a catalog's export. Nothing was added.
    """
    origins = _read_origins(exported)
    added = 0
    for start in range(0, len(origins), NAMES_AT_ONCE):
        with bench.catalog.write(durable=True) as writer:
            for origin in origins[start : start + NAMES_AT_ONCE]:
                if not writer.origins.has_origin(origin.image_id, origin.original_name, origin.source):
                    writer.origins.add_origin(*origin)
                    added += 1
    return ImportedNames(added=added, known=len(origins) - added)


def _read_origins(exported: object) -> list[_Origin]:
    if not isinstance(exported, Mapping) or exported.get("format") != EXPORT_FORMAT:
        raise InvalidInputError(
            f"this is not an export of a catalog in format {EXPORT_FORMAT}; `strandline catalog export` makes one"
        )
    rows = exported.get("origins")
    if not isinstance(rows, list):
        raise InvalidInputError("the export has no list of 'origins'; export the other catalog again")
    return [_read_origin(number, row) for number, row in enumerate(rows, 1)]


def _read_origin(number: int, row: object) -> _Origin:
    try:
        fields = {key: row[key] for key in _FIELDS} if isinstance(row, Mapping) else {}
        image_id, name, source, saved_at = (
            str(fields[key]) for key in _FIELDS if isinstance(fields[key], str)
        )
        (name + source).encode()
        if not name:
            raise ValueError("a name is empty")
        return _Origin(parse_image_id(image_id), name, source, parse_time(saved_at))
    except (KeyError, ValueError, StrandlineError) as error:
        raise InvalidInputError(
            f"entry {number} of 'origins' in the export makes no sense, so nothing was imported ({error})",
            entry=number,
        ) from error
