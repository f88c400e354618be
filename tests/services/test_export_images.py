"""Exporting images: proven bytes under readable names, continued after an interruption, and never over anything."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir, put_half
from strandline.errors import ImageNotFoundError, PlaceTakenError, RefusedError
from strandline.folders.export_folder import ExportFolder
from strandline.model.exports import MANIFEST
from strandline.model.queries import Query
from strandline.runtime.assembly import LocalStore, open_store

PICTURES = [make_picture("jpg", seed=seed) for seed in range(3)]


@pytest.fixture
def store(home: Path, tmp_path: Path) -> Iterator[LocalStore]:
    """Three images that were saved under one name, and half of one."""
    with open_store(home) as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Notes"))
        for data in PICTURES:
            store.save(data, sd="Notes", name="Häfen <Tram>.jpg")
        yield store


def names_in(folder: Path) -> list[str]:
    """All files in the folder, relative."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def hashes_in(folder: Path) -> dict[str, str]:
    """The files of the folder with their hashes and times."""
    return {
        name: f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()} {(folder / name).stat().st_mtime_ns}"
        for name in names_in(folder)
    }


def test_a_folder_has_images_thumbnails_page_and_manifest(store: LocalStore, tmp_path: Path) -> None:
    """The bytes are those of the ids. The manifest says what each file is, and where it came from."""
    target = tmp_path / "out" / "deep"
    report = store.export_images(store.plan_export(), target)
    assert (len(report.done), report.refused) == (3, ())
    assert [name for name in names_in(target) if name.startswith("images/")] == [
        "images/Häfen Tram 1.jpg", "images/Häfen Tram 2.jpg", "images/Häfen Tram.jpg",
    ]  # fmt: skip
    manifest = json.loads((target / MANIFEST).read_bytes())
    assert manifest["complete"]
    assert {row["image_id"] for row in manifest["images"]} == {id_of(data) for data in PICTURES}
    for row in manifest["images"]:
        data = (target / "images" / row["name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["sha256"]
        assert (row["size_bytes"], row["sd_name"]) == (len(data), "Notes")
        assert (target / "thumbnails" / row["thumbnail"]).is_file()
    assert "Häfen Tram 1.jpg" in (target / "index.html").read_text()


def test_a_query_chooses(store: LocalStore, tmp_path: Path) -> None:
    """Or ids, in their order, each once."""
    assert store.plan_export(query=Query(text="nothing")) == []
    ids = [id_of(PICTURES[1]), id_of(PICTURES[0]), id_of(PICTURES[1])]
    assert [image.image_id for image in store.plan_export(ids)] == ids[:2]
    with pytest.raises(ImageNotFoundError):
        store.export_images([], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_same_call_continues(store: LocalStore, tmp_path: Path) -> None:
    """What is there and the same is not written again; what is missing or half is there in the end."""
    target, calls = tmp_path / "out", 0

    class StopError(Exception):
        pass

    def stop(done: int, _total: int) -> None:
        nonlocal calls
        calls += 1
        if done == 2:
            raise StopError

    with pytest.raises(StopError):
        store.export_images(store.plan_export(), target, progress=stop)
    assert not json.loads((target / MANIFEST).read_bytes())["complete"]
    before = hashes_in(target / "images")
    assert (calls, len(before)) == (3, 2)
    report = store.export_images(store.plan_export(), target)
    assert report.already_there == 2
    after = hashes_in(target / "images")
    assert len(after) == 3
    assert {name: after[name] for name in before} == before
    again = store.export_images(store.plan_export(), target)
    assert again.already_there == 3
    assert hashes_in(target / "images") == after


def test_an_export_that_was_killed_at_once_is_continued(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had only made a folder, or left a temporary."""

    def die(*_: object) -> None:
        raise RuntimeError

    target = tmp_path / "out"
    target.mkdir()
    (target / f".~{'0' * 32}.tmp").write_bytes(b"half a page")
    monkeypatch.setattr(ExportFolder, "find_sha256", die)
    with pytest.raises(RuntimeError):
        store.export_images(store.plan_export(), target)
    monkeypatch.undo()
    assert len(store.export_images(store.plan_export(), target).done) == 3


def test_more_images_join_an_earlier_export(store: LocalStore, tmp_path: Path) -> None:
    """Those of the earlier one stay in the page and the manifest."""
    target = tmp_path / "out"
    store.export_images(store.plan_export([id_of(PICTURES[0])]), target)
    store.export_images(store.plan_export([id_of(PICTURES[1])]), target)
    manifest = json.loads((target / MANIFEST).read_bytes())
    assert [row["image_id"] for row in manifest["images"]] == [id_of(data) for data in PICTURES[:2]]
    assert len({row["name"] for row in manifest["images"]}) == 2


def test_nothing_is_replaced(store: LocalStore, tmp_path: Path) -> None:
    """A folder with something else in it is refused as it is, and so is an archive that exists. A file that took a
    name in an export keeps it, and the image gets another one.
    """
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    archive = tmp_path / "there.zip"
    archive.write_bytes(b"mine")
    for target in (other, archive):
        for dry_run in (True, False):
            with pytest.raises(PlaceTakenError):
                store.export_images(store.plan_export(), target, dry_run=dry_run)
    assert (names_in(other), archive.read_bytes()) == (["mine.txt"], b"mine")
    target = tmp_path / "out"
    store.export_images(store.plan_export([id_of(PICTURES[0])]), target)
    (taken,) = (target / "images").iterdir()
    taken.write_bytes(b"mine")
    (target / "images/link.jpg").symlink_to(other / "mine.txt")
    report = store.export_images(store.plan_export([id_of(PICTURES[0])]), target)
    assert taken.read_bytes() == b"mine"
    assert (target / "images" / report.done[0].name).read_bytes() == PICTURES[0]
    assert (other / "mine.txt").read_text() == "mine"


def test_no_storage_directory_is_exported_into(store: LocalStore, tmp_path: Path) -> None:
    """The copies would be synced, and be images there. A link to it is the same."""
    (tmp_path / "link").symlink_to(tmp_path / "Notes")
    for target in ("Notes/out", "Notes/out.zip", "link/out", "."):
        with pytest.raises(RefusedError):
            store.export_images(store.plan_export(), tmp_path / target)
    assert not (tmp_path / "Notes/out").exists()


def test_what_cannot_be_read_is_left_out(store: LocalStore, tmp_path: Path) -> None:
    """It is named, with the reason, in the report and the manifest. If nothing can be read, there is no archive."""
    half = make_picture("png", seed=9)
    put_half(tmp_path / "Notes", half)
    store.scan()
    report = store.export_images(store.plan_export(), tmp_path / "out")
    assert [each.image.image_id for each in report.refused] == [id_of(half)]
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_bytes())
    assert [(row["image_id"], row["code"]) for row in manifest["left_out"]] == [
        (id_of(half), "image-arriving")
    ]
    with pytest.raises(ImageNotFoundError):
        store.export_images(store.plan_export([id_of(half), "0" * 32]), tmp_path / "none.zip")
    assert not [path for path in tmp_path.iterdir() if "none" in path.name or path.name.startswith(".")]


def test_an_archive_is_whole_and_the_same_each_time(store: LocalStore, tmp_path: Path) -> None:
    """As a file and as a stream. Its images have the times of their files."""
    store.export_images(store.plan_export(), tmp_path / "out.zip")
    streamed = b"".join(store.iter_export_zip(store.plan_export()))
    assert (tmp_path / "out.zip").read_bytes() == streamed
    with zipfile.ZipFile(io.BytesIO(streamed)) as archive:
        assert archive.testzip() is None
        rows = json.loads(archive.read(MANIFEST))["images"]
        assert [archive.read(f"images/{row['name']}") for row in rows] == [
            store.get(row["image_id"]).read() for row in rows
        ]
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]


def test_an_archive_that_fails_leaves_nothing(store: LocalStore, tmp_path: Path) -> None:
    """Not even a part of it."""

    class StopError(Exception):
        pass

    def stop(done: int, _total: int) -> None:
        if done == 1:
            raise StopError

    before = sorted(os.listdir(tmp_path))
    with pytest.raises(StopError):
        store.export_images(store.plan_export(), tmp_path / "out.zip", progress=stop)
    assert sorted(os.listdir(tmp_path)) == before


def test_a_dry_run_writes_nothing(store: LocalStore, tmp_path: Path) -> None:
    """It says what would be written."""
    before = sorted(os.listdir(tmp_path))
    report = store.export_images(store.plan_export(), tmp_path / "out", dry_run=True)
    assert (len(report.plan), report.done) == (3, ())
    assert sorted(os.listdir(tmp_path)) == before
