"""Operations on what people look after: lost, unused, and conflicting pictures."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from builders.identities import A
from builders.pictures import make_picture
from builders.storage import make_storage_dir, name_of
from fault_kit.operations import NEW, Operation, lay_sources, look, with_named
from fault_kit.worlds import World
from strandline.cli.exit_status import ExitStatus
from strandline.runtime.assembly import open_store

OTHER_VERSION = "Study/0.sync-conflict-20260101-101010-ABCDEFG.png"


def _with_versions(world: World) -> None:
    """Two machines changed a named picture."""
    with_named(world)
    (world.sds / "one" / OTHER_VERSION).write_bytes(NEW)
    look(world)


def _with_choice(keep: str) -> Callable[[World], None]:
    def prepare(world: World) -> None:
        _with_versions(world)
        with open_store(world.home) as store:
            world.undo.write_text(str(store.choose_version("one", OTHER_VERSION, keep).undo))
        look(world)

    return prepare


def _with_lost_picture(world: World) -> None:
    """A note misses a picture whose bytes have another name by now."""
    with_named(world)
    root = world.sds / "one"
    (root / "Lost.md").write_text("![](Study/lost.png)")
    (root / "Study/lost.png").write_bytes(NEW)
    look(world, hours_ago=40)
    (root / "Study/lost.png").rename(root / "Study/kept.png")
    look(world)


def _with_unused(world: World) -> None:
    """No note has named one of ten pictures for weeks: a tenth may go."""
    lay_sources(world)
    used = [make_picture("png", seed=seed) for seed in range(50, 59)]
    root = make_storage_dir(world.sds / "one", *used, NEW, sd_id=A)
    (root / "Note.md").write_text("\n".join(f"![](media/{name_of(data)})" for data in used))
    written_s = (datetime.now(UTC) - timedelta(days=50)).timestamp()
    os.utime(root / "media" / name_of(NEW), (written_s, written_s))
    for days in (40, 10):
        then = datetime.now(UTC) - timedelta(days=days)
        with open_store(world.home, now=lambda then=then: then) as store:  # type: ignore[misc]
            store.add_storage_dir(root)
            store.find_unused()
    look(world)


CARING = [
    *(
        Operation(
            f"choose, {keep}",
            _with_versions,
            ("conflicts", "choose", f"{{one}}/{OTHER_VERSION}", "--keep", keep),
            announces=2,
            ends=(ExitStatus.NOT_FOUND,),
        )
        for keep in ("file", "copy", "both")
    ),
    *(
        Operation(
            f"undo the choice of {keep}",
            _with_choice(keep),
            ("conflicts", "undo-choice", "{undo}"),
            announces=3,
            ends=(ExitStatus.NOT_FOUND,),
        )
        for keep in ("copy", "both")
    ),
    Operation("put back", _with_lost_picture, ("put-back", "{one}"), announces=2),
    Operation("put back, hidden", _with_lost_picture, ("put-back", "{one}"), elsewhere=True, announces=2),
    Operation("collect", _with_unused, ("collect", "--yes")),
    Operation("collect, to another disk", _with_unused, ("collect", "--yes"), elsewhere=True),
]
