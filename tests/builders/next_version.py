"""The next version of Strandline: this one, copied and changed as the next one might be, to run beside it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import strandline
from strandline.catalog.schema import OLDEST_FORMAT, VERSION

ADDING = (
    'lambda d: f"ALTER TABLE image_files ADD COLUMN later {d.text}; '
    'CREATE INDEX image_files_later ON image_files (later, path);"'
)
"""A step after which the programs of before go on."""
BREAKING = 'lambda d: "ALTER TABLE image_files RENAME COLUMN first_seen_us TO seen_first_us;"'
"""One after which they must not."""
NEW_KIND = "look"
"""A kind of work that only the next version knows."""


def make_next_version(folder: Path, *, adds: bool) -> Mapping[str, str]:
    """Makes it in an empty folder. Returns the environment in which the tests' interpreter runs it."""
    source = Path(strandline.__file__).parent
    package = folder / "strandline"
    shutil.copytree(source, package)  # with what is compiled: that saves seconds
    _change(package / "catalog/schema.py", f"\nVERSION = {VERSION}\n", f"\nVERSION = {VERSION + 1}\n")
    if not adds:
        _change(
            package / "catalog/schema.py",
            f"\nOLDEST_FORMAT = {OLDEST_FORMAT}\n",
            f"\nOLDEST_FORMAT = {VERSION + 1}\n",
        )
    end = '\n)\n"""Index ``n`` migrates'
    _change(package / "catalog/migrations.py", end, f"\n    {ADDING if adds else BREAKING},{end}")
    _change(
        package / "model/work.py",
        '    VERIFY = "verify"\n',
        f'    VERIFY = "verify"\n    LOOK = "{NEW_KIND}"\n',
    )
    return {"PYTHONPATH": str(folder)}


def _change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new))
