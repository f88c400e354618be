"""Unused pictures: found by every reader of ours, and collected only if nobody can be wrong about it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from builders.machine import LEGACY_ID, Machine
from builders.pictures import make_picture
from builders.sampling import get_seed, is_exhaustive
from builders.storage import id_of, name_of
from builders.vaults import write_random_vault
from strandline.errors import UnreadTextsError
from strandline.model.image_files import FileState
from strandline.model.storage_dirs import StorageDir
from strandline.services.checking.uses import find_uses_of
from strandline.services.collecting.collect import collect, find_unused
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.trashing.restore import restore_images

PICTURES = [make_picture("png", seed=seed, size=(8, 8)) for seed in range(30)]
FREE = PICTURES[0]
ID = id_of(FREE)


def list_free(machine: Machine, *sds: StorageDir) -> list[str]:
    """The paths that are called unused."""
    return [each.path for each in find_unused(machine.bench, sds or None).unused]


@pytest.fixture
def notes(machine: Machine) -> StorageDir:
    """A storage directory with 30 images, of which a note uses all but one."""
    sd = machine.add("notes", *PICTURES)
    lines = [f"![](media/{name_of(picture)})" for picture in PICTURES[1:]]
    Path(sd.path, "Note.md").write_text("\n".join(lines))
    return sd


def let_it_ripen(machine: Machine) -> None:
    """A month passes, and then two looks a week apart."""
    machine.clock.pass_time(hours=24 * 31)
    find_unused(machine.bench)
    machine.clock.pass_time(hours=24 * 8)


class TestCollect:
    """What goes, and when."""

    def test_it_takes_time(self, machine: Machine, notes: StorageDir) -> None:
        """30 days here, and unused at two looks a week apart. Then it goes, and comes back."""
        assert list_free(machine) == [f"media/{name_of(FREE)}"]
        assert collect(machine.bench).plan == ()
        machine.clock.pass_time(hours=24 * 29)
        assert collect(machine.bench).plan == ()
        machine.clock.pass_time(hours=24 * 2)
        assert len(collect(machine.bench, dry_run=True).plan) == 1
        ended = threading.Event()
        ended.set()
        report = collect(machine.bench, cancel=ended)
        assert (len(report.plan), report.done, report.complete) == (1, (), False)
        report = collect(machine.bench)
        assert ([change.image_id for change in report.done], report.left) == ([ID], 0)
        row = machine.row(notes, name_of(FREE))
        assert row is not None
        assert row.state is FileState.TRASHED
        assert len(restore_images(machine.bench, [ID]).done) == 1

    def test_two_looks_are_a_week_apart(self, machine: Machine, notes: StorageDir) -> None:
        """However long it has been here. A look that finds it used begins again."""
        machine.clock.pass_time(hours=24 * 40)
        assert collect(machine.bench).plan == ()
        machine.clock.pass_time(hours=24 * 6)
        Path(notes.path, "Late.md").write_text(f"see {ID}")
        assert list_free(machine) == []
        Path(notes.path, "Late.md").unlink()
        machine.clock.pass_time(hours=24 * 2)
        assert collect(machine.bench).plan == ()
        machine.clock.pass_time(hours=24 * 7)
        assert len(collect(machine.bench).done) == 1

    def test_at_most_a_tenth_in_a_week(self, machine: Machine, notes: StorageDir) -> None:
        """The oldest first; the rest another time, and not a minute later. What came back counts for nothing."""
        lines = [f"![](media/{name_of(picture)})" for picture in PICTURES[-3:]]
        Path(notes.path, "Note.md").write_text("\n".join(lines))
        let_it_ripen(machine)
        report = collect(machine.bench)
        assert (len(report.done), report.left) == (3, 24)
        again = collect(machine.bench)
        assert (again.plan, again.left) == ((), 24)
        assert report.done[0].image_id is not None
        assert len(restore_images(machine.bench, [report.done[0].image_id]).done) == 1
        assert len(collect(machine.bench, dry_run=True).plan) == 1
        machine.clock.pass_time(hours=24 * 7)
        assert len(collect(machine.bench).done) == 2, "a tenth of the 28 that are left"

    def test_a_folder_without_notes_is_left_alone(self, machine: Machine) -> None:
        """It is a folder of photos, not of notes. If nothing of it is used, it is even if a person names it."""
        photos = machine.add("photos", *PICTURES)
        let_it_ripen(machine)
        assert len(list_free(machine)) == 30
        assert collect(machine.bench).plan == ()
        assert collect(machine.bench, [photos]).plan == ()

    def test_a_note_elsewhere_does_not_make_photos_superfluous(
        self, machine: Machine, notes: StorageDir
    ) -> None:
        """A vault embeds one picture of an archive by its id: the others go only if a person names the archive."""
        others = [make_picture("png", seed=seed, size=(8, 8)) for seed in range(50, 80)]
        photos = machine.add("photos", *others)
        Path(photos.path, "photos.json").write_text(f'["{name_of(others[1])}"]')
        Path(notes.path, "Trip.md").write_text(f"see {id_of(others[0])}")
        let_it_ripen(machine)
        report = collect(machine.bench, dry_run=True)
        assert [change.sd_name for change in report.possible] == ["notes"]
        assert [sd.name for sd in report.without_notes] == ["photos"]
        named = collect(machine.bench, [photos], dry_run=True)
        assert (len(named.possible), named.without_notes) == (3, ())
        Path(photos.path, "About.md").write_text(f"the best: {name_of(others[2])} {name_of(others[3])}")
        assert len(collect(machine.bench, dry_run=True).possible) == 1, (
            "a page about photos makes none superfluous"
        )
        Path(photos.path, "More.md").write_text(f"see {id_of(others[4])}")
        assert len(collect(machine.bench, dry_run=True).possible) == 4, "a tenth of them is named"

    @pytest.mark.usefixtures("notes")
    def test_of_several_copies_one_stays(self, machine: Machine) -> None:
        """The same bytes, unused, in two folders of notes: not both go in one run. Alone, the second one may."""
        more = machine.add("more", *PICTURES[:20])
        Path(more.path, "Note.md").write_text(" ".join(name_of(each) for each in PICTURES[1:20]))
        let_it_ripen(machine)
        report = collect(machine.bench)
        assert ([change.image_id for change in report.done], report.left) == ([ID], 1)
        again = collect(machine.bench)
        assert ([change.image_id for change in again.done], again.left) == ([ID], 0)
        assert {change.sd_name for change in (*report.done, *again.done)} == {"more", "notes"}

    def test_of_a_file_and_its_conflict_copy_the_file_stays(self, machine: Machine) -> None:
        """Whichever comes first."""
        root = machine.folder / "vault"
        root.mkdir(parents=True)
        for at, data in enumerate(PICTURES[1:20], 1):
            (root / f"{at}.png").write_bytes(data)
        (root / "Note.md").write_text(" ".join(f"![]({at}.png)" for at in range(1, 20)))
        copy = "free.sync-conflict-20261122-152736-V74P6II.png"
        for name in ("free.png", copy):
            (root / name).write_bytes(FREE)
        vault = add_storage_dir(machine.bench, root).sd
        let_it_ripen(machine)
        report = collect(machine.bench, [vault])
        assert ([change.path for change in report.done], report.left) == ([copy], 1)

    @pytest.mark.parametrize(
        "text",
        [
            f"`{ID}`",
            f"strandline://{ID.upper()}",
            f"media/{name_of(FREE)}",
            f"<!-- {ID}.png -->",
            "sea%20side.png",
            "assets/sea side.png",
            f"x{ID}y",
        ],
    )
    @pytest.mark.usefixtures("notes")
    def test_any_word_of_it_keeps_it(self, machine: Machine, text: str) -> None:
        """Its id, its file's name, its original name; in a comment, in code, in another storage directory."""
        with machine.bench.catalog.write() as writer:
            writer.origins.add_origin(ID, "sea side.png", "upload", machine.bench.now())
        other = machine.add("other")
        Path(other.path, "data.json").write_text(text)
        let_it_ripen(machine)
        assert collect(machine.bench).plan == ()

    def test_either_id_of_the_same_bytes_keeps_both(self, machine: Machine, notes: StorageDir) -> None:
        """A note from before ids were contents names the legacy one."""
        machine.put(notes, FREE, f"{LEGACY_ID}.png")
        machine.scan(notes)
        machine.get(ID)
        machine.get(LEGACY_ID)
        Path(notes.path, "Old.md").write_text(f"![](media/{LEGACY_ID}.png)")
        assert list_free(machine) == []
        Path(notes.path, "Old.md").write_text(f"![](media/{name_of(FREE)})")
        assert list_free(machine) == []

    def test_utf_16_is_read(self, machine: Machine, notes: StorageDir) -> None:
        """As Windows' Notepad writes it."""
        Path(notes.path, "Notepad.txt").write_bytes(f"see {ID}".encode("utf-16"))
        assert list_free(machine) == []


class TestGaps:
    """Nothing is collected past what was not read."""

    @pytest.mark.parametrize("gap", ["broken canvas", "binary note", "cloud note", "link", "huge"])
    def test_what_was_not_read_may_use_anything(
        self, machine: Machine, notes: StorageDir, tmp_path: Path, gap: str
    ) -> None:
        """It is named, and nothing is learned from that look."""
        root = Path(notes.path)
        let_it_ripen(machine)
        match gap:
            case "broken canvas":
                (root / "board.canvas").write_text('{"nodes": ["half')
            case "binary note":
                (root / "strange.md").write_bytes(b"\0\1\2")
            case "cloud note":
                (root / ".Other.md.icloud").write_bytes(b"")
            case "link":
                (tmp_path / "elsewhere").mkdir()
                (root / "more").symlink_to(tmp_path / "elsewhere")
            case "huge":
                with (root / "huge.txt").open("wb") as file:
                    file.truncate(65 * 1024 * 1024)
        if gap == "huge":
            (root / "huge.md").hardlink_to(root / "huge.txt")
        with pytest.raises(UnreadTextsError, match="nothing is collected"):
            collect(machine.bench)
        assert find_unused(machine.bench).gaps
        assert (root / "media" / name_of(FREE)).exists()

    @pytest.mark.parametrize("name", ["x.heic", "Größe.JPG", "copy (1).png", "paper.pdf"])
    def test_a_picture_in_the_cloud_uses_none(self, machine: Machine, notes: StorageDir, name: str) -> None:
        """It has no text in it, so that it was not read keeps nothing from being collected."""
        (Path(notes.path) / f".{name}.icloud").write_bytes(b"bplist00")
        let_it_ripen(machine)
        assert find_unused(machine.bench).gaps == ()
        assert [change.image_id for change in collect(machine.bench).done] == [ID]

    @pytest.mark.parametrize("name", ["Other.md", "drawing.svg", "board.canvas", "no extension", "x.css"])
    def test_a_text_in_the_cloud_may_use_any(self, machine: Machine, notes: StorageDir, name: str) -> None:
        """Nobody has read it."""
        (Path(notes.path) / f".{name}.icloud").write_bytes(b"bplist00")
        assert [gap.path for gap in find_unused(machine.bench).gaps] == [f".{name}.icloud"]

    def test_a_folder_that_is_away_may_use_anything(self, machine: Machine, notes: StorageDir) -> None:
        """Its notes are on a disk that is not here. Once it is back, or forgotten, collecting goes on."""
        other = machine.add("other", PICTURES[1])
        let_it_ripen(machine)
        away = machine.take_away(other)
        with pytest.raises(UnreadTextsError, match="'other'"):
            collect(machine.bench, [notes])
        away.rename(other.path)
        assert len(collect(machine.bench, [notes]).done) == 1


@pytest.mark.parametrize("number", range(200 if is_exhaustive() else 12))
def test_what_any_note_refers_to_is_never_collected(machine: Machine, number: int) -> None:
    """Random vaults with every form of reference, and pictures that nothing names: only of these some go."""
    root = machine.folder / "vault"
    root.mkdir()
    vault = write_random_vault(root, get_seed() * 1000 + number)
    loose = {vault.put(f"loose/nobody names {seed}.png", seed=seed) for seed in range(1, 40)}
    sd = add_storage_dir(machine.bench, root).sd
    with machine.bench.catalog.read() as reader:
        paths = reader.files.list_some_paths(sd.number, limit=10_000)
    used = {use.path for use in find_uses_of((sd, path) for path in paths)}
    report = find_unused(machine.bench)
    unused = {each.path for each in report.unused}
    assert (report.gaps, used != set(), unused & used, loose - unused) == ((), True, set(), set())
    machine.clock.pass_time(hours=24 * 60)
    find_unused(machine.bench)
    machine.clock.pass_time(hours=24 * 8)
    gone = {change.path for change in collect(machine.bench).done}
    assert gone & used == set()
    assert 1 <= len(gone) <= len(paths) // 10
