"""A watched folder of named pictures: every folder in it is watched, whatever people and sync clients do to them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders.storage import id_of, open_bench
from builders.watching import EventReader, RunningClock, make_arrival, run_watcher
from scenarios.waiting import wait_until
from strandline.errors import WatchLimitError
from strandline.model.image_files import ImageFile
from strandline.model.storage_dirs import StorageDirState
from strandline.runtime.change_notice import MixedFolderWatcher
from strandline.runtime.settings import Settings
from strandline.runtime.watching.background_scans import BackgroundScans
from strandline.runtime.watching.watcher import Watcher
from strandline.services.saving.put_back import plan_put_back, put_back
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.confirm import confirm_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Workbench

AVAILABLE, MISSING = "image.available", "image.missing"
PATIENT = {"scan.periodic_s": 3600}
"""No periodic scan helps."""


@dataclass
class Vault:
    """A watched vault with ten known pictures in two folders."""

    root: Path
    bench: Workbench
    watcher: Watcher
    reader: EventReader

    def put(self, path: str, number: int) -> None:
        """A person puts a picture there, made elsewhere on the disk."""
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        aside = self.root.with_name(f"{number}.tmp")
        aside.write_bytes(make_arrival(number))
        aside.rename(self.root / path)

    def wait_for(self, path: str) -> None:
        """Waits until the picture at the path is announced."""
        self.reader.wait_until(lambda events: any(told(event) == (AVAILABLE, path) for event in events))

    def wait_for_news(self, kind: str, path: str) -> None:
        """Waits until this is told of a reference to the path."""
        self.reader.wait_until(lambda events: any(told(event) == (kind, path) for event in events))

    def settle(self, number: int) -> None:
        """Waits until everything before is told: one more picture, and the scan for another folder, are last."""
        self.put(f"settle {number}/last.png", 900 + number)
        self.wait_for(f"settle {number}/last.png")

    def is_absent(self, path: str) -> bool:
        """Whether a scan has noticed that the file is gone."""
        with self.bench.catalog.read() as reader:
            row = reader.files.find_row(1, path)
        return row is not None and row.absent_since is not None

    def is_checked(self) -> bool:
        """Whether the first check of the notes, which tells nothing, is over."""
        with self.bench.catalog.read() as reader:
            return reader.notes.is_checked(1)

    def rows(self) -> dict[str, ImageFile]:
        """All rows, by path."""
        with self.bench.catalog.read() as reader:
            paths = reader.files.list_some_paths(1, limit=1000)
            return reader.files.find_rows(1, paths)


def told(event: object) -> tuple[str, str]:
    """What is told of which path."""
    return getattr(event, "type", ""), getattr(event, "path", "")


def image_news(events: list[object], since: int) -> list[tuple[str, str]]:
    """What was told of images since then, without the pictures that settle."""
    return [
        told(event)
        for event in events[since:]
        if told(event)[0].startswith("image.") and not told(event)[1].startswith("settle")
    ]


def make_vault(root: Path) -> None:
    """Notes, pictures in two folders, and folders that other programs keep for themselves."""
    for number in range(10):
        path = root / (f"Trips/2024/{number}.png" if number % 2 else f"Study/{number}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make_arrival(100 + number))
    (root / "Note.md").write_text("![](Study/0.png)")
    (root / ".obsidian").mkdir()
    (root / "node_modules/deep").mkdir(parents=True)


@pytest.fixture
def vault(tmp_path: Path, impatient: None) -> Iterator[Vault]:
    """Added with a look at all of it, watched, and quiet."""
    root = tmp_path / "Vault"
    make_vault(root)
    with open_bench(tmp_path / "home", RunningClock()) as bench:
        add_storage_dir(bench, root)
        settings = Settings.load(bench.home, {}, PATIENT)
        with run_watcher(bench, settings) as (watcher, reader):
            vault = Vault(root, bench, watcher, reader)
            vault.settle(0)
            yield vault


def test_a_picture_arrives_in_any_folder(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, by its name: no scan is needed, so none is allowed."""
    monkeypatch.setattr(BackgroundScans, "plan", lambda *_: None)
    (place,) = vault.watcher._places.values()
    place._scans._due_s.clear()
    vault.put("Trips/2024/new.png", 1)
    vault.wait_for("Trips/2024/new.png")
    vault.put("new.png", 2)
    vault.wait_for("new.png")
    assert vault.rows()["new.png"].image_id == id_of(make_arrival(2))


def test_new_folders_are_watched(vault: Vault) -> None:
    """What was in them before the watch stood is found, and what comes later, too."""
    vault.put("A/B/C/first.png", 1)
    vault.wait_for("A/B/C/first.png")
    vault.put("A/B/C/second.png", 2)
    vault.wait_for("A/B/C/second.png")


def test_a_whole_tree_comes_by_a_rename(vault: Vault, tmp_path: Path) -> None:
    """One name arrives, and everything in it is announced."""
    make_tree = tmp_path / "come"
    for number in range(6):
        path = make_tree / f"x{number % 3}/y/{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make_arrival(number))
    make_tree.rename(vault.root / "come")
    for number in range(6):
        vault.wait_for(f"come/x{number % 3}/y/{number}.png")


def test_a_renamed_folder_is_no_news(vault: Vault) -> None:
    """Nothing is told of its pictures, their rows follow, and it is watched under its new name."""
    since = len(vault.reader.read)
    (vault.root / "Trips").rename(vault.root / "Travels")
    vault.settle(1)
    vault.reader.wait_until(lambda _: "Travels/2024/1.png" in vault.rows())
    vault.put("Travels/2024/new.png", 1)
    vault.wait_for("Travels/2024/new.png")
    assert image_news(list(vault.reader.read), since) == [(AVAILABLE, "Travels/2024/new.png")]
    assert not any(path.startswith("Trips/") for path in vault.rows())


def test_a_moved_picture_is_no_news(vault: Vault) -> None:
    """It keeps the time when it was first seen, and nothing becomes missing."""
    since, first_seen = len(vault.reader.read), vault.rows()["Study/0.png"].first_seen
    (vault.root / "Study/0.png").rename(vault.root / "Trips/2024/zero.png")
    vault.settle(1)
    vault.reader.wait_until(lambda _: "Trips/2024/zero.png" in vault.rows())
    vault.settle(2)
    assert image_news(list(vault.reader.read), since) == []
    assert vault.rows()["Trips/2024/zero.png"].first_seen == first_seen
    assert "Study/0.png" not in vault.rows()


def test_another_folder_at_the_path_is_watched(vault: Vault) -> None:
    """A folder is replaced in one step, as some clients do it."""
    (vault.root / "Study").rename(vault.root.with_name("away"))
    vault.put("Study/other.png", 1)
    vault.wait_for("Study/other.png")
    vault.put("Study/another.png", 2)
    vault.wait_for("Study/another.png")


def test_a_deleted_folder_ends_and_may_come_back(vault: Vault) -> None:
    """What comes under its path later is noticed."""
    shutil.rmtree(vault.root / "Trips")
    vault.reader.wait_until(lambda _: vault.is_absent("Trips/2024/1.png"))
    vault.put("Trips/2024/back.png", 1)
    vault.wait_for("Trips/2024/back.png")


def test_nothing_is_lost_while_folders_are_made(vault: Vault) -> None:
    """A picture may be in a folder before its watch stands."""
    for number in range(60):
        vault.put(f"many/{number // 10}/{number % 10}/p.png", number)
    for number in range(60):
        vault.wait_for(f"many/{number // 10}/{number % 10}/p.png")


def test_without_room_for_watches_the_rest_is_polled(
    tmp_path: Path, impatient: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The root stands for all of it where that is said. Watched folders go on to be quick."""
    root = tmp_path / "Vault"
    make_vault(root)
    watch = MixedFolderWatcher.watch_natively

    def refuse(watcher: MixedFolderWatcher, folder: Path) -> None:
        if folder.name == "2024":
            raise WatchLimitError("The system allows no more file watches")
        watch(watcher, folder)

    monkeypatch.setattr(MixedFolderWatcher, "watch_natively", refuse)
    with open_bench(tmp_path / "home", RunningClock()) as bench:
        add_storage_dir(bench, root)
        settings = Settings.load(bench.home, {}, PATIENT | {"watch.poll_interval_s": 0.1})
        with run_watcher(bench, settings) as (watcher, reader):
            vault = Vault(root, bench, watcher, reader)
            vault.settle(0)
            numbers = iter(range(1, 60))
            while not watcher.fallbacks():  # the next tick says so
                vault.put(f"Trips/2024/new {(number := next(numbers))}.png", number)
                vault.wait_for(f"Trips/2024/new {number}.png")
            assert watcher.fallbacks().keys() == {root}
            vault.put("Trips/2024/polled.png", 60)
            vault.wait_for("Trips/2024/polled.png")
    assert f"{root} is polled: The system allows no more file watches" in caplog.messages


def test_passed_over_folders_take_no_watches(vault: Vault) -> None:
    """What is in them is not reported, so nobody needs to hear of it."""
    (place,) = vault.watcher._places.values()
    watched = {path.relative_to(vault.root).as_posix() for path in place._trees._places}
    assert watched == {"Study", "Trips", "Trips/2024", "settle 0"}


def test_what_is_ignored_is_followed_as_soon_as_the_list_changes(vault: Vault) -> None:
    """An ignored folder is silent. When its line is gone, what is in it is told, and so is what comes then."""
    (vault.root / ".strandlineignore").write_text("drafts/\n")
    vault.settle(1)
    vault.put("drafts/deep/a.png", 20)
    vault.settle(2)
    assert "drafts/deep/a.png" not in vault.rows()
    (vault.root / ".strandlineignore").unlink()
    vault.wait_for("drafts/deep/a.png")
    vault.put("drafts/deep/b.png", 21)
    vault.wait_for("drafts/deep/b.png")


def test_what_a_note_misses_is_told_until_it_is_there(vault: Vault) -> None:
    """The note arrives before its picture, as sync clients deliver them."""
    wait_until("the notes are checked", vault.is_checked)
    (vault.root / "note.md").write_text("![](late/picture.png)\n")
    vault.wait_for_news("reference.missing", "late/picture.png")
    vault.put("late/picture.png", 30)
    vault.wait_for_news("reference.resolved", "late/picture.png")


def test_what_is_put_back_is_told_without_a_scan(vault: Vault) -> None:
    """The watcher does not read it again, but the notes that missed it are looked at."""
    wait_until("the notes are checked", vault.is_checked)
    (vault.root / "Study/0.png").rename(vault.root / "Study/zero.png")
    vault.wait_for_news("reference.missing", "Study/0.png")
    plan = plan_put_back(vault.bench, str(vault.root))
    assert [put_back(vault.bench, plan.sd, step).done for step in plan.steps] == [True]
    vault.wait_for_news("reference.resolved", "Study/0.png")


def test_what_notes_miss_is_told_as_soon_as_a_person_confirms(vault: Vault) -> None:
    """While so many pictures are gone at once, nothing is concluded."""
    wait_until("the notes are checked", vault.is_checked)
    for path in vault.rows():
        (vault.root / path).unlink()
    wait_until("it is suspect", lambda: get_by_number(vault.bench, 1).state is StorageDirState.SUSPECT)
    (place,) = vault.watcher._places.values()
    wait_until(
        "nothing is due", lambda: all(due - vault.bench.monotonic() > 20 for due in place._scans._list_due())
    )
    confirm_storage_dir(vault.bench, get_by_number(vault.bench, 1))
    vault.wait_for_news("reference.missing", "Study/0.png")
