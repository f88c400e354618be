"""Original names: what a saved image was called before it got its id, and where it came from. For humans only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from strandline.catalog.dialect import Connection, Dialect
from strandline.catalog.times import as_microseconds, from_microseconds
from strandline.model.events import format_time
from strandline.model.image_ids import ImageId


def _clean(text: str) -> str:
    """Without NUL, which is in no file's name, and which PostgreSQL does not take."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


class OriginReader:
    """The original names and sources of images."""

    def __init__(self, conn: Connection, dialect: Dialect) -> None:
        self._conn = conn
        self._sql = dialect

    def has_origin(self, image_id: ImageId, original_name: str, source: str) -> bool:
        """True if exactly this origin is already recorded, so that saving again writes nothing."""
        row = self._conn.execute(
            "SELECT 1 FROM origins WHERE image_id = ? AND original_name = ? AND source = ?",
            (image_id, _clean(original_name), _clean(source)),
        ).fetchone()
        return row is not None

    def list_names_of_images(self, image_ids: Sequence[ImageId]) -> dict[ImageId, list[str]]:
        """The original names of many images, by id, oldest first, each once. One statement that returns one row."""
        (text,) = self._conn.execute(
            f"""
            SELECT {self._sql.json_rows("image_id, original_name")} FROM (
                SELECT image_id, original_name FROM origins
                WHERE {self._sql.is_text_of("image_id", "?")}
                GROUP BY image_id, original_name ORDER BY min(saved_at_us)
            ) AS named
            """,
            (json.dumps(image_ids),),
        ).fetchone()
        found: dict[ImageId, list[str]] = {}
        for image_id, name in json.loads(text):
            found.setdefault(ImageId(image_id), []).append(name)
        return found

    def list_images_named(self, original_name: str) -> list[ImageId]:
        """The images with exactly this original name. Cost: the whole table."""
        rows = self._conn.execute(
            "SELECT DISTINCT image_id FROM origins WHERE original_name = ? ORDER BY image_id",
            (_clean(original_name),),
        )
        return [ImageId(image_id) for (image_id,) in rows]

    def list_sources(self, image_id: ImageId) -> list[str]:
        """Where the image was saved from, each once, those of the latest saves first."""
        rows = self._conn.execute(
            "SELECT source FROM origins WHERE image_id = ? GROUP BY source ORDER BY max(saved_at_us) DESC",
            (image_id,),
        )
        return [str(source) for (source,) in rows]

    def list_origins(self) -> list[dict[str, object]]:
        """All origins, ready for JSON: ``{image_id, original_name, source, saved_at}``."""
        rows = self._conn.execute(
            "SELECT image_id, original_name, source, saved_at_us FROM origins ORDER BY image_id, saved_at_us"
        )
        return [
            {
                "image_id": image_id,
                "original_name": name,
                "source": source,
                "saved_at": format_time(from_microseconds(saved_at_us)),
            }
            for image_id, name, source, saved_at_us in rows
        ]


class OriginWriter(OriginReader):
    """Records names and sources."""

    def add_origin(self, image_id: ImageId, original_name: str, source: str, saved_at: datetime) -> None:
        """Records the name and the source. Idempotent."""
        from strandline.model.folding import fold  # here: questions need none of it

        self._conn.execute(
            "INSERT INTO origins (image_id, original_name, source, saved_at_us, folded_name) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                image_id,
                _clean(original_name),
                _clean(source),
                as_microseconds(saved_at),
                fold(_clean(original_name)),
            ),
        )
