"""Every operation of Strandline that changes something, each with its world.

The tests of crashes and disk errors go through these tables. Each operation is the real program with its arguments,
except for those that wait for quiet identity files: they get a clock that does not really wait.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from builders.identities import A, B, C
from builders.pictures import make_picture
from builders.save_places import IN_MEMORY
from builders.storage import id_of, make_storage_dir, name_of, put_image
from fault_kit.programs import SAVE_SEVERAL, WITH_A_CLOCK, WITH_THE_LIBRARY
from fault_kit.refusing_kernel import LIKE_FUSE, LIKE_VFAT, NO_RENAME_FLAGS, NO_UNNAMED_FILES
from fault_kit.seccomp import Refusal
from fault_kit.supervised import COMMAND_LINE, Job
from fault_kit.worlds import World
from strandline.runtime.assembly import open_store

PICTURES = [make_picture("png", seed=seed, size=(16, 16)) for seed in range(4)]
NEW, *OTHERS = PICTURES
HALF = NEW[: len(NEW) // 2]


@dataclass(frozen=True)
class Operation:
    """Something that is done to a world."""

    name: str
    prepare: Callable[[World], None]
    arguments: tuple[str, ...] = ()
    """The program's arguments. ``{one}`` is the storage directory, ``{sources}`` a folder of pictures, ``{undo}``
    what undoes a choice.
    """
    refusals: tuple[Refusal, ...] = ()
    elsewhere: bool = False
    """The storage directory is on another disk than the home."""
    code: str = COMMAND_LINE
    announces: int = 1
    """How often an image may be announced in the whole journal."""
    writes_out: bool = False
    """It writes to ``{out}``, a folder that is no storage directory."""
    ends: tuple[int, ...] = (0, 1)
    """The exit statuses of another run after it is done."""

    def __str__(self) -> str:
        return self.name

    def job(self, world: World) -> Job:
        """What to run."""
        sds, folder = world.sds, world.folder
        places = {
            "one": sds / "one",
            "sources": folder / "sources",
            "folder": folder,
            "home": world.home,
            "written": world.written,
            "out": world.out,
            "undo": world.undo.read_text() if world.undo.exists() else "",
        }
        arguments = tuple(argument.format(**places) for argument in self.arguments)
        if self.code == COMMAND_LINE:
            arguments += ("--json", "--home", str(world.home))
        return Job(world.watched, arguments, self.code, self.refusals)


@contextmanager
def make_world(folder: Path, operation: Operation) -> Iterator[World]:
    """The world of an operation, as it is before."""
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as elsewhere:
        world = World(
            folder,
            Path(elsewhere, "sds") if operation.elsewhere else folder / "sds",
            writes_out=operation.writes_out,
        )
        world.sds.mkdir()
        operation.prepare(world)
        world.keep()
        yield world


def _empty_folder(world: World) -> None:
    (world.sds / "one").mkdir()


def _empty(world: World) -> None:
    lay_sources(world)
    _add(world, make_storage_dir(world.sds / "one", sd_id=A, has_media=False))


def with_named(world: World) -> None:
    """A vault whose pictures go into a folder that is not there yet. One of the others has the name."""
    lay_sources(world)
    root = world.sds / "one"
    for path, data in {
        ".obsidian/app.json": b'{"attachmentFolderPath": "Files/img"}',
        "Note.md": b"![[0.png]]",
        "Study/0.png": OTHERS[0],
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    _add(world, root)


def _with_others(world: World) -> None:
    lay_sources(world)
    _add(world, make_storage_dir(world.sds / "one", *OTHERS, sd_id=A))


def _with_half(world: World) -> None:
    _with_others(world)
    put_image(world.sds / "one", HALF, name_of(NEW))
    look(world)


def _with_foreign(world: World) -> None:
    _with_others(world)
    put_image(world.sds / "one", make_picture("png", seed=100), name_of(NEW))
    look(world, hours_ago=1)
    look(world)


def _with_half_and_twin(world: World) -> None:
    _with_half(world)
    _add(world, make_storage_dir(world.sds / "two", NEW, sd_id=B))


def _with_broken_vault(world: World) -> None:
    """A named picture is half now. The memory knows its bytes, and the other storage directory has them."""
    with_named(world)
    _add(world, make_storage_dir(world.sds / "two", OTHERS[0], sd_id=B))
    (world.sds / "one" / "Study" / "0.png").write_bytes(OTHERS[0][: len(OTHERS[0]) // 2])
    look(world, hours_ago=30)
    look(world)


def _with_arrivals(world: World) -> None:
    _with_others(world)
    put_image(world.sds / "one", NEW)
    put_image(world.sds / "one", HALF, name_of(make_picture("png", seed=101)))


def _with_legacy_identity(world: World) -> None:
    open_store(world.home).close()
    root = make_storage_dir(world.sds / "one", *OTHERS, sd_id=A)
    (root / ".sd-id").write_text(B)


def _with_copies_only(world: World) -> None:
    open_store(world.home).close()
    root = make_storage_dir(world.sds / "one", *OTHERS, sd_id=A)
    (root / "SD_ID").rename(root / "SD_ID.conflict1")
    for number, value in enumerate((B, C), 2):
        (root / f"SD_ID.conflict{number}").write_text(value)


def _with_changed_identity(world: World) -> None:
    """The old value is in a conflict copy, and an older program has left ``.sd-id``."""
    _with_others(world)
    root = world.sds / "one"
    (root / "SD_ID").rename(root / "SD_ID.sync-conflict-20260101-101010-ABCDEFG")
    (root / "SD_ID").write_text(f"{C}\n")
    (root / ".sd-id").write_text(B)


def _with_lost_identity(world: World) -> None:
    _with_others(world)
    (world.sds / "one" / "SD_ID").unlink()


def _with_absent_files(world: World) -> None:
    _with_others(world)
    for data in OTHERS[:2]:
        (world.sds / "one" / "media" / name_of(data)).unlink()
    look(world, hours_ago=1)


def _with_two(world: World) -> None:
    """The last one is in both."""
    _with_others(world)
    _add(world, make_storage_dir(world.sds / "two", NEW, OTHERS[-1], sd_id=B))


def _with_a_vault(world: World) -> None:
    """It has a picture and a note. The first of the others has a name."""
    _with_others(world)
    root = world.sds / "vault"
    root.mkdir()
    (root / "Note.md").write_text("![[new.png]]")
    (root / "new.png").write_bytes(NEW)
    with open_store(world.home) as store:
        store.save(OTHERS[0], sd="one", name="sea.png")
    _add(world, root)


def _with_duplicates(world: World) -> None:
    """A note uses one of two files with the same bytes."""
    with_named(world)
    root = world.sds / "one"
    (root / "copy.png").write_bytes(OTHERS[0])
    (root / "Note.md").write_text("![[copy.png]]")
    look(world)


def lay_sources(world: World) -> None:
    (world.folder / "sources").mkdir(exist_ok=True)
    for number, data in enumerate(PICTURES):
        (world.folder / "sources" / f"{number}.png").write_bytes(data)


def _add(world: World, root: Path) -> None:
    with open_store(world.home) as store:
        store.add_storage_dir(root)
    look(world)


def look(world: World, hours_ago: float = 0) -> None:
    """Scans and proves everything, with the clock this far back."""
    then = timedelta(hours=hours_ago)
    with open_store(world.home, now=lambda: datetime.now(UTC) - then) as store:
        store.scan()
        for image in store.list_images().images:
            store.find(image.image_id)


def _with_deleted(world: World) -> None:
    """The image was never announced, so bringing it back announces it once."""
    open_store(world.home).close()
    make_storage_dir(world.sds / "one", *OTHERS, sd_id=A)
    with open_store(world.home) as store:
        store.add_storage_dir(world.sds / "one")
        store.delete(store.plan_delete([id_of(OTHERS[0])]))


def _with_rescue(world: World) -> None:
    """One image is half, one is missing. Both are on another disk, under other names."""
    _with_half(world)
    (world.sds / "one" / "media" / name_of(OTHERS[0])).unlink()
    look(world, hours_ago=1)
    look(world)


def _with_rescue_named(world: World) -> None:
    """A named picture is missing."""
    with_named(world)
    (world.sds / "one" / "Study" / "0.png").unlink()
    (world.sds / "one" / "Other.png").write_bytes(OTHERS[1])
    look(world, hours_ago=1)
    look(world)


def _with_conflicts(world: World) -> None:
    """An equal copy, the right bytes beside half an image, and another image under an image's name."""
    _with_half(world)
    for data, name in ((OTHERS[0], OTHERS[0]), (NEW, NEW), (make_picture("png", seed=102), OTHERS[1])):
        put_image(world.sds / "one", data, f"{id_of(name)}.sync-conflict-20260101-101010-ABCDEFG.png")
    look(world)


def _with_old_trash(world: World) -> None:
    """Nothing is kept for any time."""
    _with_deleted(world)
    (world.home / "config.toml").write_text("[trash]\ngrace_days = 0\n")


_SAVE_ONE = ("save", "{sources}/0.png", "--sd", "one")

SAVES = [
    Operation("save, unnamed", _empty, _SAVE_ONE),
    Operation("save, scratch", _with_others, _SAVE_ONE, (NO_UNNAMED_FILES,)),
    Operation("save, hidden", _with_others, _SAVE_ONE, (NO_UNNAMED_FILES,), elsewhere=True),
    Operation("save, scratch, like vfat", _with_others, _SAVE_ONE, LIKE_VFAT),
    Operation("save, hidden, like FUSE", _with_others, _SAVE_ONE, LIKE_FUSE, elsewhere=True),
    Operation("save over half", _with_half, _SAVE_ONE),
    Operation("save over half, hidden", _with_half, _SAVE_ONE, elsewhere=True),
    Operation("save over foreign", _with_foreign, _SAVE_ONE),
    Operation("adopt", _with_foreign, ("{home}", "adopt", "one", name_of(NEW)), code=WITH_THE_LIBRARY),
    Operation(
        "copy over half", _with_half_and_twin, ("{home}", "copy", id_of(NEW), "one"), code=WITH_THE_LIBRARY
    ),
    Operation("repair", _with_half_and_twin, ("verify", "one", "--repair")),
    Operation("repair, named", _with_broken_vault, ("verify", "one", "--repair"), announces=2),
    Operation(
        "repair, named, hidden",
        _with_broken_vault,
        ("verify", "one", "--repair"),
        elsewhere=True,
        announces=2,
    ),
    Operation("rescue", _with_rescue, ("rescue", "{sources}"), announces=2),
    Operation(
        "rescue, named, hidden", _with_rescue_named, ("rescue", "{sources}"), elsewhere=True, announces=2
    ),
    Operation("save several", _empty, ("{home}", "{sources}"), code=SAVE_SEVERAL),
    Operation(
        "save several, hidden, like FUSE",
        _with_half,
        ("{home}", "{sources}"),
        LIKE_FUSE,
        elsewhere=True,
        code=SAVE_SEVERAL,
    ),
    Operation("save, named", with_named, _SAVE_ONE),
    Operation("save, named, hidden", with_named, _SAVE_ONE, (NO_UNNAMED_FILES,), elsewhere=True),
    Operation("save several, named", with_named, ("{home}", "{sources}"), code=SAVE_SEVERAL),
    Operation("import", _empty, ("import", "{sources}", "{sources}/0.png", "--sd", "one")),
    Operation(
        "import, named, hidden",
        with_named,
        ("import", "{sources}", "--sd", "one"),
        (NO_UNNAMED_FILES,),
        elsewhere=True,
    ),
]
_FIRST = id_of(OTHERS[0])
TRASH = [
    Operation("delete", _with_others, ("delete", _FIRST)),
    Operation("delete, to another disk", _with_others, ("delete", _FIRST), elsewhere=True),
    Operation("delete, like FUSE", _with_others, ("delete", _FIRST), (NO_RENAME_FLAGS,)),
    Operation("delete, named", with_named, ("delete", "{one}/Study/0.png")),
    Operation("restore from the trash", _with_deleted, ("trash", "restore", _FIRST)),
    Operation(
        "restore from the trash, to another disk", _with_deleted, ("trash", "restore", _FIRST), elsewhere=True
    ),
    Operation("resolve conflicts", _with_conflicts, ("conflicts", "resolve", "one"), announces=2),
    Operation(
        "resolve conflicts, to another disk",
        _with_conflicts,
        ("conflicts", "resolve", "one"),
        elsewhere=True,
        announces=2,
    ),
    Operation("empty the trash", _with_old_trash, ("trash", "empty", "--yes")),
]
TRANSFERS = [
    Operation("copy", _with_two, ("copy", _FIRST, "--to", "two")),
    Operation("move", _with_two, ("move", _FIRST, "--to", "two")),
    Operation("move again", _with_two, ("move", id_of(OTHERS[-1]), "--to", "two")),
    Operation("move, to another disk", _with_two, ("move", _FIRST, "--to", "two"), elsewhere=True),
    Operation("fold duplicates", _with_duplicates, ("duplicates", "--fold", "--yes")),
    Operation("move, into a vault", _with_a_vault, ("move", _FIRST, "--to", "vault")),
]
IDENTITIES = [
    Operation("first add", _empty_folder, ("sd", "add", "{one}")),
    Operation("add, migrating", _with_legacy_identity, ("sd", "add", "{one}")),
    Operation("add, settling", _with_copies_only, ("{folder}", "{one}"), code=WITH_A_CLOCK),
    Operation("add, new identity", _with_others, ("sd", "add", "{one}", "--new-identity")),
    Operation("scan, identity changed", _with_changed_identity, ("scan",)),
    Operation("confirm identity", _with_lost_identity, ("sd", "confirm", "one")),
]
CATALOG_ONLY = [
    Operation("scan, arrivals", _with_arrivals, ("scan", "one")),
    Operation("confirm absence", _with_absent_files, ("sd", "confirm", "one")),
]
_LAST_NAME = name_of(OTHERS[-1])
_LAST = _LAST_NAME.partition(".")[0]
_ONLY = id_of(OTHERS[0])
READINGS = [
    Operation("scan", _with_two, ("scan",)),
    Operation("verify", _with_two, ("watch", "--once")),
    Operation("confirm nothing", _with_two, ("sd", "confirm", "one")),
    Operation("get", _with_two, ("get", _ONLY, "-o", "{written}")),
    Operation("get from the other", _with_two, ("get", _LAST, "--sd", "one", "-o", "{written}")),
    Operation("exists", _with_two, ("exists", _ONLY)),
    Operation("explain", _with_two, ("explain", _ONLY)),
    Operation("inspect", _with_two, ("inspect",)),
    Operation("inspect file", _with_two, ("inspect", "file", "one", f"media/{_LAST_NAME}")),
    Operation("doctor", _with_two, ("doctor",)),
    Operation("save again", _with_two, ("save", "{sources}/1.png", "--sd", "one")),
]
"""What changes nothing in this world, and looks at much of it."""
HANDED_OUT = {"get": OTHERS[0], "get from the other": OTHERS[-1]}
"""The bytes that readings write to :attr:`World.written`."""
OPERATIONS = [*SAVES, *TRASH, *TRANSFERS, *IDENTITIES, *CATALOG_ONLY]
