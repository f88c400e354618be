"""Long paths: a storage directory is refused if not all of its files could be reached."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir, name_of
from strandline import open_store
from strandline.errors import InvalidPathError
from strandline.services.storage_dirs.paths import MAX_PATH_LENGTH, MAX_ROOT_LENGTH

PICTURE = make_picture("jpg", seed=1)
LONGEST_NAME = "n" * 255


def make_deep_folder(above: Path, length: int) -> Path:
    """A folder whose path has this many bytes, made level by level."""
    path = above
    while (rest := length - len(os.fsencode(path)) - 1) > 0:
        path = path / ("d" * (rest if rest <= 200 else min(200, rest - 2)))
    path.mkdir(parents=True)
    return path


def test_all_works_at_the_longest_path_that_is_taken(tmp_path: Path) -> None:
    """Even beside a stray with the longest possible name."""
    root = make_storage_dir(make_deep_folder(tmp_path, MAX_ROOT_LENGTH - len("/Notes")) / "Notes")
    assert len(os.fsencode(root)) == MAX_ROOT_LENGTH
    (root / "media" / LONGEST_NAME).touch()
    with open_store(tmp_path / "home") as store:
        sd = store.add_storage_dir(root).sd
        assert store.save(PICTURE, sd=sd).filename == name_of(PICTURE)
        assert store.get(id_of(PICTURE)).read() == PICTURE
        (report,) = store.scan()
        assert (report.unchanged, report.strays, report.findings) == (1, 1, [])
        assert [item.filename for item in store.inspect(sd).strays] == [LONGEST_NAME]
        assert f"media/{LONGEST_NAME}" in [entry.path for entry in store.iter_tree(sd)]
        assert store.describe_file(sd, f"media/{LONGEST_NAME}")["size_bytes"] == 0


@pytest.mark.parametrize("length", [MAX_ROOT_LENGTH + 1, MAX_PATH_LENGTH - 30])
def test_a_longer_one_is_refused(tmp_path: Path, length: int) -> None:
    """Saving accepted longer paths than reading: a saved image could not be shown."""
    root = make_deep_folder(tmp_path, length)
    with open_store(tmp_path / "home") as store:
        with pytest.raises(InvalidPathError, match="shorten the names above it"):
            store.add_storage_dir(root)
        assert store.list_storage_dirs() == []
