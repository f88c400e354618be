"""Random histories of a folder of named pictures: people and sync clients write, rename, move, and delete in it.

One machine has a catalog while it happens. After each action of the store, what it told is compared with the disk. At
the end, when all is quiet, the catalog says exactly what a new one says that sees the folder for the first time.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from builders.clocks import FakeClock
from builders.named_vault import list_events, list_files
from builders.sampling import is_exhaustive
from builders.storage import make_pictures, open_bench
from strandline.model.events import (
    Event,
    ImageAvailable,
    ImageChanged,
    ImageMissing,
    ReferenceMissing,
    ReferenceResolved,
)
from strandline.model.image_files import FileState
from strandline.model.image_ids import hash_to_content_id
from strandline.model.storage_dirs import StorageDir, StorageDirState
from strandline.services.checking.open_references import list_open_references, tell_references
from strandline.services.finding.search import find_image
from strandline.services.proving.arrivals import look_at_arrival
from strandline.services.proving.backlog import verify_unproven
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.confirm import confirm_storage_dir
from strandline.services.storage_dirs.manage import get_by_number
from strandline.services.workbench import Workbench

PICTURES = make_pictures(4)
WHOLE = frozenset(PICTURES)
FOLDERS = ("", "a/", "b/", "a/deep/", "Ä/")
NAMES = ("x.png", "y.PNG", "z.png")
PATHS = st.sampled_from([folder + name for folder in FOLDERS for name in NAMES])
TARGETS = tuple(folder + name for folder in ("", "a/", "b/") for name in NAMES[:2])
NOTE = "note.md"

EXAMPLES = 3000 if is_exhaustive() else 60
"""As many as one core plays in ten seconds."""


class NamedFolder(RuleBasedStateMachine):
    """The folder, and one machine that knows it."""

    def __init__(self) -> None:
        super().__init__()
        self.exit = ExitStack()
        self.work = Path(self.exit.enter_context(tempfile.TemporaryDirectory(prefix="strandline-named-")))
        self.root = self.work / "Vault"
        self.clock = FakeClock()
        self.bench = self.exit.enter_context(open_bench(self.work / "home", self.clock))
        self.told = 0
        self.version = 0
        self.available: set[tuple[str | None, str, int]] = set()

    def teardown(self) -> None:
        """Ends the history, when all is quiet."""
        try:
            if self.root.exists():
                self.settle()
        finally:
            self.exit.close()

    @initialize(paths=st.lists(PATHS, unique=True, max_size=4))
    def begin(self, paths: list[str]) -> None:
        """The folder has some pictures already, and a note."""
        self.root.mkdir()
        for number, path in enumerate(paths):
            self.put(path, PICTURES[number])
        (self.root / NOTE).write_text("".join(f"![](<{target}>)\n" for target in TARGETS))
        self.act(lambda: add_storage_dir(self.bench, self.root))
        self.act(lambda: tell_references(self.bench, self.sd))

    # --- people and sync clients --------------------------------------------------------------------------------

    @rule(path=PATHS, number=st.sampled_from(range(len(PICTURES))))
    def write(self, path: str, number: int) -> None:
        """A file is written in place, perhaps over another picture."""
        self.put(path, PICTURES[number])

    @rule(path=PATHS, number=st.sampled_from(range(len(PICTURES))))
    def write_by_renaming(self, path: str, number: int) -> None:
        """A sync client writes a temporary and renames it."""
        above = (self.root / path).parent
        above.mkdir(parents=True, exist_ok=True)
        temporary = above / f".syncthing.{Path(path).name}.tmp"
        self.put(temporary.relative_to(self.root).as_posix(), PICTURES[number])
        self.move(temporary, self.root / path)

    @rule(path=PATHS, number=st.sampled_from(range(len(PICTURES))))
    def write_half(self, path: str, number: int) -> None:
        """A client that writes in place has come half the way."""
        self.put(path, PICTURES[number][: len(PICTURES[number]) // 2])

    @rule(path=PATHS, number=st.sampled_from(range(len(PICTURES))))
    def keep_a_conflict_copy(self, path: str, number: int) -> None:
        """Another machine's version is put beside the picture."""
        stem, _, extension = path.rpartition(".")
        self.put(f"{stem}.sync-conflict-20261129-101500-ABCDEFG.{extension}", PICTURES[number])

    @rule(old=PATHS, new=PATHS)
    def rename(self, old: str, new: str) -> None:
        """A person renames a picture, or moves it to another folder."""
        if (self.root / old).is_file() and not (self.root / new).exists():
            (self.root / new).parent.mkdir(parents=True, exist_ok=True)
            self.move(self.root / old, self.root / new)

    @rule(old=PATHS, new=PATHS)
    def rename_as_a_client_does(self, old: str, new: str) -> None:
        """A rename on another machine arrives as a new file, and as a deletion."""
        if (self.root / old).is_file() and not (self.root / new).exists():
            self.put(new, (self.root / old).read_bytes())
            (self.root / old).unlink()

    @rule(old=st.sampled_from(FOLDERS[1:]), new=st.sampled_from(["a/", "b/", "moved/", "b/inner/"]))
    def move_folder(self, old: str, new: str) -> None:
        """With everything in it."""
        source, target = self.root / old, self.root / new
        if source.is_dir() and not target.exists() and source not in target.parents:
            target.parent.mkdir(parents=True, exist_ok=True)
            self.move(source, target)

    @rule(path=PATHS)
    def delete(self, path: str) -> None:
        """A picture is deleted, here or on another machine."""
        (self.root / path).unlink(missing_ok=True)

    @rule(wanted=st.lists(st.sampled_from(TARGETS), unique=True))
    def edit_the_note(self, wanted: list[str]) -> None:
        """It refers to other pictures now."""
        self.clock.pass_time(seconds=1)
        (self.root / NOTE).write_text("".join(f"text\n![](<{target}>)\n" for target in wanted))

    # --- the machine --------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([0.1, 1, 2, 90]))
    def wait(self, minutes: float) -> None:
        """Time passes."""
        self.clock.pass_time(minutes=minutes)

    @rule()
    def scan(self) -> None:
        """A scan, as a person starts it."""
        self.act(lambda: scan_storage_dir(self.bench, self.sd))

    @rule(path=PATHS)
    def look(self, path: str) -> None:
        """A watcher looks at one name."""
        if self.sd.is_reachable:
            self.act(lambda: look_at_arrival(self.bench, self.sd, path))

    @rule()
    def check_notes(self) -> None:
        """A watcher checks the notes."""
        self.act(lambda: tell_references(self.bench, self.sd))

    @invariant()
    def every_image_is_what_it_says(self) -> None:
        """Whatever the catalog knows, the bytes that are handed out are those of the id."""
        if not self.root.exists():
            return
        self.act(self.read_all)

    def read_all(self) -> None:
        """Asks for each picture by its id."""
        for image_id in map(hash_to_content_id, PICTURES):
            found = find_image(self.bench, image_id)
            if found is not None:
                with found:
                    assert hash_to_content_id(found.read()) == image_id

    # --- what holds ---------------------------------------------------------------------------------------------

    @property
    def sd(self) -> StorageDir:
        """As the catalog knows it now."""
        return get_by_number(self.bench, 1)

    def put(self, path: str, data: bytes) -> None:
        """Writes the bytes with the time of this world."""
        self.clock.pass_time(seconds=1)
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_bytes(data)
        at_s = self.clock.now().timestamp()
        os.utime(self.root / path, (at_s, at_s))
        self.note_change()

    def move(self, old: Path, new: Path) -> None:
        """Gives a file or folder another name."""
        old.replace(new)
        self.note_change()

    def note_change(self) -> None:
        """From now on, the same may be told again."""
        self.version += 1

    def act(self, do: object) -> None:
        """Lets the store do something. It changes no file, and what it tells is true."""
        before = list_files(self.root)
        do()  # type: ignore[operator]
        assert list_files(self.root) == before, "the store has changed a file"
        events = list_events(self.bench)
        for event in events[self.told :]:
            self.judge(event, before)
        self.told = len(events)

    def judge(self, event: Event, files: dict[str, bytes]) -> None:
        """Whether an event is true of the files as they are."""
        held = {hash_to_content_id(data) for path, data in files.items() if not path.endswith(".tmp")}
        if isinstance(event, ImageAvailable | ImageChanged):
            data = files[event.path or ""]
            assert data in WHOLE, f"half a picture was announced: {event}"
            assert hash_to_content_id(data) == event.image_id
            key = event.path, str(event.image_id), self.version
            assert key not in self.available, f"told twice: {event}"
            self.available.add(key)
        elif isinstance(event, ImageMissing):
            assert event.image_id not in held, f"it is there: {event}"
        elif isinstance(event, ReferenceMissing):
            assert event.target not in files, f"the picture is there: {event}"
        elif isinstance(event, ReferenceResolved):
            text = files[NOTE].decode()
            assert event.target in files or f"<{event.target}>" not in text, f"it is still missed: {event}"

    def settle(self) -> None:
        """All is quiet: the catalog depends only on the files in the folder."""
        for _ in range(3):
            self.clock.pass_time(minutes=2)
            self.act(lambda: scan_storage_dir(self.bench, self.sd))
            if self.sd.state is StorageDirState.SUSPECT:
                confirm_storage_dir(self.bench, self.sd)
        self.act(lambda: verify_unproven(self.bench, self.sd, may_read=lambda _size: True))
        self.act(lambda: tell_references(self.bench, self.sd))
        files = {path: data for path, data in list_files(self.root).items() if "/." not in f"/{path}"}
        pictures = {path: data for path, data in files.items() if path != NOTE}
        expected = {path: hash_to_content_id(data) for path, data in pictures.items() if data in WHOLE}
        assert list_good(self.bench) == expected
        for image_id in set(expected.values()):
            found = find_image(self.bench, image_id)
            assert found is not None
            with found:
                assert hash_to_content_id(found.read()) == image_id
        report = scan_storage_dir(self.bench, self.sd)
        assert not report.found_changes, "scanning again changed something"
        missed = {target for target in TARGETS if f"<{target}>" in files[NOTE].decode()} - files.keys()
        assert {each.target for each in list_open_references(self.bench, self.sd)} == missed
        with open_bench(self.work / "new home", self.clock) as other:
            add_storage_dir(other, self.root)
            assert list_good(other) == expected
        shutil.rmtree(self.work / "new home")


def list_good(bench: Workbench) -> dict[str, object]:
    """The ids of the files that are proven as they are, by path."""
    with bench.catalog.read() as reader:
        paths = reader.files.list_some_paths(1, limit=1000)
        rows = reader.files.find_rows(1, paths)
    return {
        path: row.image_id
        for path, row in rows.items()
        if row.state is FileState.PRESENT and row.absent_since is None and row.proof_is_current
    }


TestNamedFolder = pytest.mark.timeout(7200 if is_exhaustive() else 300)(NamedFolder.TestCase)
TestNamedFolder.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=30,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
