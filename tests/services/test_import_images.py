"""Importing pictures: what is new, what is there already, what is left out, and what is refused."""

from __future__ import annotations

import base64
import io
import os
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.pictures import make_picture
from builders.storage import id_of, make_storage_dir, name_of, put_half
from strandline import open_store
from strandline.errors import DiskFullError, InvalidCursorError, ReadOnlyStorageDirError
from strandline.folders import picture_folders
from strandline.folders.local import LocalFolder
from strandline.model.imports import ImportReport
from strandline.model.left_out import Reason
from strandline.runtime.assembly import LocalStore
from strandline.services.importing import sources
from strandline.services.saving.save_several import MOST_TOGETHER

PICTURES = [make_picture("png", seed=seed, size=(16, 16)) for seed in range(6)]
TAKEN = datetime(2019, 7, 14, 12, 30, 16, tzinfo=UTC)


@pytest.fixture
def store(home: Path, tmp_path: Path) -> Iterator[LocalStore]:
    """One storage directory with the first picture."""
    with open_store(home) as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Photos", PICTURES[0]))
        yield store


def lay(folder: Path, **files: bytes) -> Path:
    """A folder with files, in folders of their own if their names say so."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def pack(path: Path, **entries: bytes) -> str:
    """The path of an archive."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(zipfile.ZipInfo(name, TAKEN.astimezone().timetuple()[:6]), data)
    return str(path)


def summarize(report: ImportReport) -> dict[str, list[str]]:
    """The ids of each kind; of what is refused, the codes; of what is left out, the reasons."""
    return {
        "new": [image.image_id for image in report.new],
        "already_there": [image.image_id for image in report.already_there],
        "refused": [each.code for each in report.refused],
        "left_out": [each.reason.value for each in report.left_out],
    }


def test_a_folder_is_imported_with_all_that_is_below_it(store: LocalStore, tmp_path: Path) -> None:
    """What is there already is not written again, and what is no picture is left out with the reason."""
    card = lay(
        tmp_path / "card",
        **{
            "DCIM/100/a.png": PICTURES[0], "DCIM/100/b.png": PICTURES[1], "DCIM/101/b again.png": PICTURES[1],
            "DCIM/101/c": PICTURES[2], "DCIM/101/b again.png.json": b"{}", "DCIM/x.tif": b"II*\0" + bytes(60),
            "old.zip": b"PK\x03\x04", "readme.txt": b"hello", ".thumbs/a.png": PICTURES[3],
        },
    )  # fmt: skip
    os.utime(card / "DCIM/100/b.png", (TAKEN.timestamp(),) * 2)
    report = store.import_images([card], sd="Photos")
    assert summarize(report) == {
        "new": [id_of(PICTURES[1]), id_of(PICTURES[2])],
        "already_there": [id_of(PICTURES[0]), id_of(PICTURES[1])],
        "refused": [],
        "left_out": ["hidden", "archive", "unsupported", "unsupported-picture", "sidecar"],
    }
    info = store.info(id_of(PICTURES[1]))
    assert set(info.original_names) == {"b.png", "b again.png"}
    file = tmp_path / "Photos" / "media" / name_of(PICTURES[1])
    assert file.stat().st_mtime == TAKEN.timestamp()
    assert file.read_bytes() == PICTURES[1]
    again = store.import_images([card], sd="Photos")
    assert (len(again.new), len(again.already_there), again.counts["left_out"]) == (
        0,
        4,
        report.counts["left_out"],
    )


def test_an_archive_is_imported_without_being_unpacked(store: LocalStore, tmp_path: Path) -> None:
    """Its entries keep their names and dates. No entry gets out of the media folder, whatever it is called."""
    before = {path for path in tmp_path.rglob("*") if "home" not in path.parts}
    archive = pack(
        tmp_path / "takeout.zip",
        **{
            "Takeout/Trip/a.png": PICTURES[1], "Takeout/Trip/a.png.json": b"{}", "../../../up.png": PICTURES[2],
            "/etc/root.png": PICTURES[3], "C:\\Windows\\w.png": PICTURES[4], "__MACOSX/._a.png": b"x",
            "inner.zip": b"PK\x03\x04", "notes.md": b"x",
        },
    )  # fmt: skip
    report = store.import_images([archive], sd="Photos")
    assert set(summarize(report)["new"]) == {id_of(data) for data in PICTURES[1:5]}
    assert report.counts["left_out"] == {"archive": 1, "sidecar": 1, "litter": 1, "unsupported": 1}
    new = {path.name for path in tmp_path.rglob("*") if "home" not in path.parts and path not in before}
    assert new == {"takeout.zip", *(name_of(data) for data in PICTURES[1:5])}
    info = store.info(id_of(PICTURES[4]))
    assert list(info.original_names) == ["w.png"]
    found = (tmp_path / "Photos" / "media" / name_of(PICTURES[1])).stat()
    assert found.st_mtime == TAKEN.timestamp()


def test_data_of_every_kind_is_imported(store: LocalStore, tmp_path: Path) -> None:
    """Bytes, streams, data: URLs, also as the text of a stream, and an archive that comes through a pipe."""
    url = "data:image/png;base64," + base64.b64encode(PICTURES[3]).decode()
    packed = Path(pack(tmp_path / "t.zip", **{"a.png": PICTURES[5]})).read_bytes()
    report = store.import_images(
        [
            PICTURES[1],
            io.BytesIO(PICTURES[2]),
            url,
            io.BytesIO(f" {url.replace(url[-8:], url[-8:])}\n".encode()),
            io.BytesIO(packed),
        ],
        sd="Photos",
    )
    assert summarize(report) == {
        "new": [id_of(PICTURES[number]) for number in (1, 2, 3, 5)],
        "already_there": [id_of(PICTURES[3])],
        "refused": [],
        "left_out": [],
    }


def test_what_fails_does_not_keep_the_others_out(store: LocalStore, tmp_path: Path) -> None:
    """Each has its reason. Half an image is kept, because the bytes belong to the user."""
    half = PICTURES[2][: len(PICTURES[2]) // 2]
    card = lay(tmp_path / "card", **{"half.png": half, "good.png": PICTURES[1]})
    (tmp_path / "empty").mkdir()
    report = store.import_images(
        [tmp_path / "none.png", card, tmp_path / "empty", "data:,", "", "https://user:pass@example.org/"],
        sd="Photos",
    )
    assert [image.whole for image in report.done] == [True, False]
    assert report.counts["incomplete"] == 1
    assert [each.code for each in report.refused] == [
        "source-not-found", "source-not-found", "empty-image", "invalid-path", "invalid-input",
    ]  # fmt: skip


def test_a_dry_run_writes_nothing(store: LocalStore, tmp_path: Path) -> None:
    """And says what the import then does."""
    card = lay(tmp_path / "card", **{f"{number}.png": data for number, data in enumerate(PICTURES)})
    before = sorted((tmp_path / "Photos").rglob("*"))
    said = store.import_images([card, card], sd="Photos", dry_run=True)
    assert sorted((tmp_path / "Photos").rglob("*")) == before
    assert said.done == []
    done = store.import_images([card, card], sd="Photos")
    assert summarize(said) == summarize(done)
    assert [image.path for image in said.new] == [image.path for image in done.new]


def test_a_damaged_image_is_replaced_by_an_import(store: LocalStore, tmp_path: Path) -> None:
    """Half a file under the image's id is not the image, so the picture is new. A dry run knows it, too."""
    name = put_half(tmp_path / "Photos", PICTURES[1])
    store.scan()
    card = lay(tmp_path / "card", **{"b.png": PICTURES[1]})
    for is_dry in (True, False):
        assert len(store.import_images([card], sd="Photos", dry_run=is_dry).new) == 1
    assert (tmp_path / "Photos" / "media" / f"{name.partition('.')[0]}.png").read_bytes() == PICTURES[1]


def test_a_vault_gets_pictures_under_readable_names(home: Path, tmp_path: Path) -> None:
    """Where its program puts them. Names that are taken get a number; what is there under any name is not copied."""
    vault = lay(tmp_path / "Vault", **{"Note.md": b"![[sea.png]]", "sea.png": PICTURES[0]})
    card = lay(
        tmp_path / "card",
        **{
            "sea.png": PICTURES[1],
            "deep/sea.png": PICTURES[2],
            "other.png": PICTURES[0],
            "half.png": PICTURES[3][:90],
        },
    )
    with open_store(home) as store:
        store.add_storage_dir(vault)
        said = store.import_images([card], sd="Vault", dry_run=True)
        done = store.import_images([card], sd="Vault")
    assert summarize(said) == summarize(done)
    assert (
        [image.path for image in said.new] == [image.path for image in done.new] == ["sea 1.png", "sea 2.png"]
    )
    assert [each.path for each in done.already_there] == ["sea.png"]
    assert [each.code for each in done.refused] == ["wrong-bytes"]


def test_an_interrupted_import_is_continued(store: LocalStore, tmp_path: Path) -> None:
    """By the same call. What was saved is there already."""
    card = lay(
        tmp_path / "card",
        **{f"{seed:03}.png": make_picture("png", seed=seed, size=(8, 8)) for seed in range(120)},
    )
    cancel = threading.Event()
    first = store.import_images([card], sd="Photos", progress=lambda *_: cancel.set(), cancel=cancel)
    assert (len(first.done), first.complete) == (50, False)
    rest = store.import_images([card], sd="Photos")
    assert (len(rest.done), len(rest.already_there), rest.complete) == (70, 50, True)


def test_an_import_in_steps_does_everything_once(store: LocalStore, tmp_path: Path) -> None:
    """Each step goes on where the last one stopped, in folders, in archives, and between them."""
    pictures = [make_picture("png", seed=seed, size=(8, 8)) for seed in range(130)]
    card = lay(tmp_path / "card", **{f"{seed:03}.png": pictures[seed] for seed in range(60)})
    archive = pack(tmp_path / "t.zip", **{f"{seed:03}.png": pictures[seed] for seed in range(60, 130)})
    after, done, steps = None, [], 0
    while True:
        report = store.import_images([card, archive], sd="Photos", after=after, limit_s=0)
        assert not report.already_there
        done += [image.image_id for image in report.done]
        after, steps = report.next, steps + 1
        if after is None:
            break
    assert report.complete
    assert (done, steps) == ([id_of(data) for data in pictures], 3)


def test_a_step_does_not_look_again_at_what_is_done(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the steps of 100,000 files would open millions. In a folder and in an archive."""
    files = {f"{seed:03}.png": make_picture("png", seed=seed, size=(8, 8)) for seed in range(160)}
    card, archive = lay(tmp_path / "card", **files), pack(tmp_path / "t.zip", **files)
    looked: list[str] = []
    for module in (picture_folders, sources):
        monkeypatch.setattr(module, "judge_start", lambda name, *_: looked.append(name))
    after, steps = store.import_images([card, archive], sd="Photos", limit_s=0).next, 1
    while after is not None:
        after, steps = (
            store.import_images([card, archive], sd="Photos", after=after, limit_s=0).next,
            steps + 1,
        )
    assert steps == 7
    assert len(looked) <= 2 * len(files) + steps * MOST_TOGETHER  # each step reads a group ahead


def test_an_error_that_all_would_have_is_told_once(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk ends the import, and says so in one line, not in one for each of 50 pictures."""
    card = lay(
        tmp_path / "card", **{f"{at}.png": make_picture("png", seed=at, size=(8, 8)) for at in range(70)}
    )
    (card / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")

    def refuse(*_: object, **__: object) -> None:
        raise DiskFullError("no space is left", path="x")

    monkeypatch.setattr(LocalFolder, "write_new_images", refuse)
    report = store.import_images([card], sd="Photos")
    assert [each.code for each in report.refused] == ["disk-full"]
    assert (report.done, report.complete) == ([], False)


def test_a_source_that_changes_between_steps_is_begun_again(store: LocalStore, tmp_path: Path) -> None:
    """Nothing is missed. What is there already is not written again."""
    pictures = [make_picture("png", seed=seed, size=(8, 8)) for seed in range(60)]
    card = lay(tmp_path / "card", **{f"{seed:03}.png": data for seed, data in enumerate(pictures)})
    first = store.import_images([card], sd="Photos", limit_s=0)
    (card / "010.png").unlink()
    lay(card, **{"000 new.png": PICTURES[1]})
    (card / "049.png").rename(card / "100.png")
    rest = store.import_images([card], sd="Photos", after=first.next)
    assert len(first.done) == 50
    assert {id_of(PICTURES[1]), *map(id_of, pictures[50:])} == {image.image_id for image in rest.done}
    with pytest.raises(InvalidCursorError):
        store.import_images([card], sd="Photos", after="what?")


def test_a_storage_directory_that_must_not_be_written_to_refuses_at_once(home: Path, tmp_path: Path) -> None:
    """Nothing is read."""
    with open_store(home) as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Photos"), read_only=True)
        with pytest.raises(ReadOnlyStorageDirError):
            store.import_images([tmp_path / "none"], sd="Photos")


@given(st.lists(st.integers(0, len(PICTURES) - 1), max_size=12), st.sets(st.integers(0, len(PICTURES) - 1)))
def test_what_a_dry_run_says_is_what_happens(
    tmp_path_factory: pytest.TempPathFactory, chosen: list[int], there: set[int]
) -> None:
    """For any pictures, some of them twice, and some there already."""
    tmp_path = tmp_path_factory.mktemp("world")
    card = lay(
        tmp_path / "card", **{f"{at:02}.png": PICTURES[number] for at, number in enumerate(chosen)}, x=b"x"
    )
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(make_storage_dir(tmp_path / "Photos", *(PICTURES[number] for number in there)))
        said = store.import_images([card], sd="Photos", dry_run=True)
        done = store.import_images([card], sd="Photos")
    assert summarize(said) == summarize(done)
    assert {image.image_id for image in done.done} == {
        id_of(PICTURES[number]) for number in set(chosen) - there
    }
    files = {path.name for path in (tmp_path / "Photos" / "media").iterdir()}
    assert files == {name_of(PICTURES[number]) for number in {*chosen, *there}}
    assert [each.reason for each in done.left_out] == [Reason.UNSUPPORTED]
