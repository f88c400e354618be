"""An export that is imported: its pictures come back, and its thumbnails do not become pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir
from strandline import open_store
from strandline.runtime.assembly import LocalStore

PICTURES = [make_picture("png", seed=seed, size=(16, 16)) for seed in range(4)]


@pytest.fixture
def store(home: Path, tmp_path: Path) -> Iterator[LocalStore]:
    """One storage directory with two pictures, and one with none."""
    with open_store(home) as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Photos", *PICTURES[:2]))
        store.add_storage_dir(make_storage_dir(tmp_path / "Other"))
        yield store


@pytest.mark.parametrize("target", ["E", "E.zip"])
def test_only_the_pictures_of_an_export_are_imported(store: LocalStore, tmp_path: Path, target: str) -> None:
    """From a folder and from an archive; the thumbnails are counted."""
    store.export_images(store.plan_export([id_of(each) for each in PICTURES[:2]]), tmp_path / target)
    report = store.import_images([tmp_path / target], sd="Other")
    assert {image.image_id for image in report.new} == {id_of(each) for each in PICTURES[:2]}
    assert report.counts["left_out"] == {"thumbnail": 2, "unsupported": 2}


def test_what_a_person_has_put_into_an_export_is_imported(store: LocalStore, tmp_path: Path) -> None:
    """Wherever it is: only what has a thumbnail's name is one."""
    store.export_images(store.plan_export([id_of(PICTURES[0])]), tmp_path / "E")
    (tmp_path / "E/images/mine.png").write_bytes(PICTURES[2])
    (tmp_path / "E/thumbnails/mine.png").write_bytes(PICTURES[3])
    report = store.import_images([tmp_path], sd="Other", dry_run=True)
    assert {id_of(PICTURES[2]), id_of(PICTURES[3])} <= {image.image_id for image in report.new}


@pytest.mark.parametrize("manifest", [b"", b"{}", b'{"format": "strandline-export", "version": 2,', None])
def test_thumbnails_of_others_are_pictures(store: LocalStore, tmp_path: Path, manifest: bytes | None) -> None:
    """A manifest of another program, or none, says nothing of them. Nor does a link to one of ours."""
    folder = tmp_path / "Album/thumbnails"
    folder.mkdir(parents=True)
    (folder / f"{id_of(PICTURES[2])}.webp").write_bytes(PICTURES[2])
    if manifest is not None:
        (tmp_path / "Album/manifest.json").write_bytes(manifest)
    else:
        store.export_images(store.plan_export([id_of(PICTURES[0])]), tmp_path / "E")
        (tmp_path / "Album/manifest.json").symlink_to(tmp_path / "E/manifest.json")
    report = store.import_images([tmp_path / "Album"], sd="Other")
    assert [image.image_id for image in report.new] == [id_of(PICTURES[2])]
