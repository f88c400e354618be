"""Adding a storage directory: the result for every kind of folder. Adding is idempotent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builders.clocks import FakeClock
from builders.identities import A, B, C, S
from builders.identity_folders import as_somebody_without_rights, contents, lay
from builders.pictures import make_picture
from builders.snapshots import snapshot
from builders.storage import make_pictures, make_storage_dir, open_bench, put_image
from strandline.errors import UnwritableFolderError
from strandline.model.events import Event
from strandline.model.identity.sd_ids import find_identity_in
from strandline.model.storage_dirs import LayoutKind, StorageDirState
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.presence import reconsider_storage_dirs
from strandline.services.workbench import Workbench


@pytest.fixture
def bench(home: Path) -> Iterator[Workbench]:
    """A workbench with a clock whose sleeps take no time."""
    with open_bench(home) as bench:
        yield bench


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder to be added, empty."""
    path = tmp_path / "Notes"
    path.mkdir()
    return path


def identity_in(root: Path) -> str | None:
    """The content of ``SD_ID``."""
    return find_identity_in((root / "SD_ID").read_bytes())


def list_events(bench: Workbench) -> list[Event]:
    """The whole journal."""
    with bench.catalog.read() as reader:
        return reader.journal.list_events(since=0, limit=1000)


IMAGE = "0123456789abcdef0123456789abcdef.png"

OUTCOMES = [
    # files in the root, read-only, outcome, identity (None: none, "new": a new one), aliases, state
    ({"SD_ID": A}, False, "existing", A, [], "online"),
    ({"SD_ID": A, "SD_ID (1)": B}, False, "existing", A, [B], "online"),
    ({"SD_ID": A, f"SD_ID.was-{C}": C}, False, "existing", A, [C], "online"),
    ({".sd-id": B}, False, "migrated", B, [], "online"),
    ({".sd-id": B, "SD_ID": A}, False, "migrated", B, [A], "online"),
    ({}, False, "generated", "new", [], "online"),
    ({"media": None}, False, "generated", "new", [], "online"),
    ({"media": None, "media/.DS_Store": ""}, False, "generated", "new", [], "online"),
    ({"media": None, "note.md": "x"}, False, "provisional", "new", [], "online"),
    ({"media": "a file"}, False, "provisional", "new", [], "online"),
    ({"SD_ID.conflict1": B, "SD_ID.conflict2": S}, False, "conflict_resolved", S, [B], "online"),
    ({}, True, "provisional", "new", [], "online"),
    ({"SD_ID": ""}, True, "provisional", "new", [], "online"),
    ({"media": None, f"media/{IMAGE}": "x"}, True, "provisional", "new", [], "online"),
    ({"SD_ID": A}, True, "existing", A, [], "online"),
    ({"SD_ID.conflict1": B, "SD_ID.conflict2": S}, True, "conflict_resolved", S, [B], "online"),
    ({"SD_ID": A[:20]}, False, "incomplete", None, [], "incomplete"),
    ({"SD_ID": None}, False, "incomplete", None, [], "incomplete"),
    ({".SD_ID.icloud": "x"}, False, "incomplete", None, [], "incomplete"),
    ({".syncthing.SD_ID.tmp": A}, False, "incomplete", None, [], "incomplete"),
    ({"media": None, f"media/{IMAGE}": "x"}, False, "incomplete", None, [], "incomplete"),
]


@pytest.mark.parametrize(("files", "read_only", "outcome", "identity", "aliases", "state"), OUTCOMES)
def test_every_outcome_and_its_json(
    bench: Workbench,
    root: Path,
    files: dict[str, str | bytes | None],
    read_only: bool,
    outcome: str,
    identity: str | None,
    aliases: list[str],
    state: str,
) -> None:
    """The folder's content decides what ``sd add`` answers, and the answer always has the same keys."""
    lay(root, files)
    added = add_storage_dir(bench, root, read_only=read_only)
    told = json.loads(json.dumps(added.to_json()))
    assert set(told) == {"sd", "identity", "layout_reason", "scan"}
    assert {"sd_id", "name", "path", "state", "read_only", "aliases"} <= told["sd"].keys()
    assert told["identity"]["outcome"] == outcome
    assert told["identity"]["migrated"] is (outcome == "migrated")
    assert told["identity"]["generated"] is (outcome == "generated")
    assert told["identity"]["aliases"] == told["sd"]["aliases"] == aliases
    assert told["sd"]["name"] == "Notes"
    assert told["sd"]["path"] == str(root)
    assert (told["sd"]["state"], told["sd"]["read_only"]) == (state, read_only)
    assert told["sd"]["provisional"] is (outcome == "provisional")
    assert told["sd"]["sd_id"] == identity or (identity == "new" and added.sd.sd_id)
    assert (told["scan"] is None) == (state != "online")
    assert (told["sd"]["problem"] is None) == (state == "online")
    if outcome in ("generated", "migrated", "conflict_resolved") and not read_only:
        assert identity_in(root) == told["sd"]["sd_id"]


@pytest.mark.parametrize(("files", "read_only", "outcome", "identity", "aliases", "state"), OUTCOMES)
def test_adding_again_changes_nothing(
    bench: Workbench,
    root: Path,
    files: dict[str, str | bytes | None],
    read_only: bool,
    outcome: str,
    identity: str | None,
    aliases: list[str],
    state: str,
) -> None:
    """The second time gives the same SD, writes nothing to folder or journal, and there is one SD."""
    lay(root, files)
    first = add_storage_dir(bench, root, read_only=read_only)
    before, events = snapshot(root), list_events(bench)
    again = add_storage_dir(bench, root, read_only=read_only)
    assert again.sd == first.sd
    assert snapshot(root) == before
    assert list_events(bench) == events
    assert reconsider_storage_dirs(bench) == [first.sd]
    written = {"generated": "existing", "migrated": "existing"}
    expected = outcome if read_only or outcome not in {*written, "conflict_resolved"} else "existing"
    assert again.identity.outcome == expected


def test_what_cannot_be_looked_at_is_unavailable_and_remembered() -> None:
    """Without permission to read ``SD_ID``, nothing is written; the path is remembered without an identity, which
    comes later.
    """
    with as_somebody_without_rights() as folder, open_bench(folder / "home") as bench:
        root = make_storage_dir(folder / "Notes", sd_id=A)
        (root / "SD_ID").chmod(0)
        before = snapshot_names(root)
        added = add_storage_dir(bench, root)
        assert (added.identity.outcome, added.sd.sd_id, added.sd.state.value) == (
            "unavailable",
            None,
            "offline",
        )
        assert added.scan is None
        assert "SD_ID" in (added.sd.problem or "")
        assert snapshot_names(root) == before
        (root / "SD_ID").chmod(0o600)
        (listed,) = reconsider_storage_dirs(bench)
        assert (listed.number, listed.sd_id, listed.state.value) == (added.sd.number, A, "online")


def test_a_folder_above_which_nothing_may_be_looked_at_is_remembered_by_its_path() -> None:
    """Nobody can know whether it is there, so it is neither refused nor created."""
    with as_somebody_without_rights() as folder, open_bench(folder / "home") as bench:
        root = make_storage_dir(folder / "closed" / "Notes", sd_id=A)
        root.parent.chmod(0)
        added = add_storage_dir(bench, root)
        assert (added.identity.outcome, added.sd.path) == ("unavailable", str(root))
        root.parent.chmod(0o700)
        assert [sd.sd_id for sd in reconsider_storage_dirs(bench)] == [A]


def snapshot_names(root: Path) -> list[str]:
    """All names below the root."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_a_new_identity_that_cannot_be_written_is_an_error_and_nothing_is_remembered() -> None:
    """If a new ``SD_ID`` is needed but the folder is closed, there is an error, and no SD is left."""
    with as_somebody_without_rights() as folder, open_bench(folder / "home") as bench:
        (folder / "Notes").mkdir(mode=0o500)
        with pytest.raises(UnwritableFolderError):
            add_storage_dir(bench, folder / "Notes")
        assert reconsider_storage_dirs(bench) == []


def test_an_identity_that_is_there_holds_also_where_it_cannot_be_tidied_up() -> None:
    """A ``.sd-id`` in a folder without write permission gives the identity, with a warning."""
    with as_somebody_without_rights() as folder, open_bench(folder / "home") as bench:
        root = folder / "Notes"
        root.mkdir()
        lay(root, {".sd-id": B})
        root.chmod(0o500)
        added = add_storage_dir(bench, root)
        assert (added.sd.sd_id, added.sd.state.value) == (B, "online")
        assert any("SD_ID" in warning for warning in added.identity.warnings)
        root.chmod(0o700)
        assert contents(root) == {".sd-id": B.encode()}
        reconsider_storage_dirs(bench)
        assert set(contents(root)) == {"SD_ID"}


def test_adding_scans(bench: Workbench, tmp_path: Path) -> None:
    """The existing images are registered when ``sd add`` answers."""
    root = make_storage_dir(tmp_path / "Notes", *make_pictures(3))
    added = add_storage_dir(bench, root)
    assert added.scan is not None
    assert added.scan.added == 3
    assert added.sd.first_scan_done


def test_a_new_identity_warns_of_a_folder_that_is_still_downloading(bench: Workbench, root: Path) -> None:
    """The warning says what to do if the folder is still downloading."""
    added = add_storage_dir(bench, root)
    assert any("still downloading" in warning for warning in added.identity.warnings)


def test_a_person_can_ask_for_a_new_identity_where_none_arrives(bench: Workbench, root: Path) -> None:
    """``--new-identity`` is the way out of *incomplete*: the remembered SD gets one, and is scanned."""
    lay(root, {"media": None, f"media/{IMAGE}": "x"})
    first = add_storage_dir(bench, root)
    added = add_storage_dir(bench, root, new_identity=True)
    assert (added.sd.number, added.sd.state) == (first.sd.number, StorageDirState.ONLINE)
    assert identity_in(root) == added.sd.sd_id
    assert added.scan is not None
    assert added.scan.added == 1


class StirringClock(FakeClock):
    """A clock that runs an action at each sleep."""

    def __init__(self, stir: Callable[[int], None]) -> None:
        super().__init__()
        self.naps = 0
        self._stir = stir

    def sleep(self, seconds: float) -> None:
        """Advances the time and runs the action."""
        self.naps += 1
        super().sleep(seconds)
        self._stir(self.naps)


def test_conflict_copies_are_settled_once_they_have_been_quiet_for_two_seconds(
    home: Path, root: Path
) -> None:
    """While copies still arrive, nothing is written. After two quiet seconds, the smallest value is."""
    lay(root, {"SD_ID.conflict1": B})
    written_at: list[float] = []

    def stir(nap: int) -> None:
        if nap == 3:
            (root / "SD_ID.conflict2").write_text(S)
        if nap <= 6:  # 1.5 s after the first copy, and 1.5 s after the second
            assert not (root / "SD_ID").exists()
        written_at.append(clock.monotonic())

    clock = StirringClock(stir)
    with open_bench(home, clock) as bench:
        added = add_storage_dir(bench, root)
    assert (added.identity.outcome, added.sd.sd_id, added.sd.aliases) == ("conflict_resolved", S, (B,))
    assert identity_in(root) == S
    assert written_at[-1] - written_at[2] >= 2


def test_a_value_outlives_the_conflict_copy_that_it_came_in(home: Path, tmp_path: Path, root: Path) -> None:
    """Clients delete copies. A machine that sees the folder only after that still decides by the value (H39)."""
    lay(root, {"SD_ID": A, "SD_ID.sync-conflict-20261122-152736-V74P6II": B})
    with open_bench(home) as bench:
        add_storage_dir(bench, root)
    (root / "SD_ID.sync-conflict-20261122-152736-V74P6II").unlink()
    with open_bench(tmp_path / "another home") as bench:
        assert add_storage_dir(bench, root).sd.aliases == (B,)


def test_conflict_copies_that_never_rest_are_used_and_not_settled(home: Path, root: Path) -> None:
    """After four seconds there is an answer anyway: the value is used, and nothing is written."""
    lay(root, {"SD_ID.conflict1": B})

    def stir(nap: int) -> None:
        (root / "SD_ID.conflict2").write_text(f"{S}{' ' * nap}")

    clock = StirringClock(stir)
    with open_bench(home, clock) as bench:
        added = add_storage_dir(bench, root)
        assert (added.sd.sd_id, added.sd.state.value) == (S, "online")
    assert not (root / "SD_ID").exists()
    assert clock.naps <= 8


def test_pictures_outside_media_are_pointed_out(bench: Workbench, root: Path) -> None:
    """After adding a folder of notes with pictures among them, a hint says how to save them."""
    (root / "2024" / "img").mkdir(parents=True)
    (root / "2024" / "img" / "holiday.JPG").write_bytes(make_picture("jpg"))
    added = add_storage_dir(bench, root, layout=LayoutKind.IDS)
    (hint,) = [warning for warning in added.identity.warnings if "holiday.JPG" in warning]
    assert "save -r" in hint


@pytest.mark.parametrize("place", ["media/holiday.jpg", ".stversions/holiday.jpg", "note.md"])
def test_no_hint_without_reason(bench: Workbench, root: Path, place: str) -> None:
    """Pictures in ``media/`` are in the right place, those in version stores are not the user's, and notes are no
    pictures.
    """
    (root / place).parent.mkdir(exist_ok=True)
    (root / place).write_bytes(b"x")
    (root / "SD_ID").write_text(A)
    assert add_storage_dir(bench, root).identity.warnings == ()


def test_a_remembered_folder_is_decided_again_by_every_command(bench: Workbench, tmp_path: Path) -> None:
    """``SD_ID`` may arrive last. Once it is here, the SD is online, reported, and scanned."""
    root = tmp_path / "Notes"
    (root / "media").mkdir(parents=True)
    put_image(root, make_picture("png"))
    added = add_storage_dir(bench, root)
    assert [sd.state.value for sd in reconsider_storage_dirs(bench)] == ["incomplete"]
    assert scan_storage_dir(bench, added.sd).findings[0].kind == "incomplete"
    (root / "SD_ID").write_text(A)
    report = scan_storage_dir(bench, added.sd)
    assert (report.sd.sd_id, report.sd.state.value, report.added) == (A, "online", 1)
    events = [(event.type, event.sd_id) for event in list_events(bench)]
    assert ("sd.added", None) in events
    assert ("sd.online", A) in events
