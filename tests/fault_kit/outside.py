"""Operations that write where no storage directory is, or take over what another home knows.

What they promise outside: a file there is whole or not there, nothing of a person's is replaced, and the same command
continues. An archive is not continued: if an image had to be left out, it says so, and a person makes another one. In
storage directories and in the catalog nothing is lost.
"""

from __future__ import annotations

import json

from builders.identities import A, B
from builders.storage import id_of, make_storage_dir
from fault_kit.operations import NEW, OTHERS, Operation, look
from fault_kit.refusing_kernel import LIKE_VFAT, NO_UNNAMED_FILES
from fault_kit.worlds import World
from strandline.cli.exit_status import ExitStatus
from strandline.runtime.assembly import open_store

LIST = "wanted.json"
CATALOG = "catalog.json"
_TAKEN = (int(ExitStatus.REFUSED),)
"""An archive that is there already is not replaced."""


def _with_named_images(world: World) -> None:
    """Two images that came with names, and one without."""
    world.out.mkdir()
    (world.out / "letter.txt").write_text("not ours")
    make_storage_dir(world.sds / "one", OTHERS[0], sd_id=A)
    with open_store(world.home) as store:
        store.add_storage_dir(world.sds / "one")
        store.save(OTHERS[1], sd="one", name="sea.png")
        store.save(OTHERS[2], sd="one", name="sea.png")
    look(world)


def _with_a_begun_export(world: World) -> None:
    """An earlier export has one image, and another program's file has the name of the next one."""
    _with_named_images(world)
    with open_store(world.home) as store:
        store.export_images(store.plan_export([id_of(OTHERS[0])]), world.out / "pictures")
    (world.out / "pictures" / "images" / "sea.png").write_bytes(NEW)


def _with_an_earlier_catalog(world: World) -> None:
    """There is an export of the catalog already, and a deleted image."""
    _with_named_images(world)
    with open_store(world.home) as store:
        (world.out / CATALOG).write_text(json.dumps(store.export_catalog()))
        store.delete(store.plan_delete([id_of(OTHERS[1])]))


def _with_a_list(world: World) -> None:
    """Another machine wants two images."""
    _with_named_images(world)
    files = [
        {"path": f"media/{id_of(data)}.png", "image_id": id_of(data), "content_id": id_of(data)}
        for data in OTHERS[:2]
    ]
    (world.folder / LIST).write_text(json.dumps({"wanted": files}))


def _with_another_catalog(world: World) -> None:
    """The trash was copied from another home, whose catalog knew names, and what was where."""
    _with_named_images(world)
    make_storage_dir(world.sds / "two", NEW, sd_id=B)
    with open_store(world.home) as store:
        store.add_storage_dir(world.sds / "two")
        store.delete(store.plan_delete([id_of(OTHERS[1])]))
        (world.folder / CATALOG).write_text(json.dumps(store.export_catalog()))
    for path in world.home.glob("catalog.db*"):
        path.unlink()
    with open_store(world.home) as store:
        store.add_storage_dir(world.sds / "one")


OUTSIDE = [
    Operation(
        "export to a folder",
        _with_named_images,
        ("export", "--sd", "one", "-o", "{out}/pictures"),
        writes_out=True,
    ),
    Operation(
        "export to a folder, like vfat",
        _with_named_images,
        ("export", "--sd", "one", "-o", "{out}/pictures"),
        LIKE_VFAT,
        writes_out=True,
    ),
    Operation(
        "export to a folder that was begun",
        _with_a_begun_export,
        ("export", "--sd", "one", "-o", "{out}/pictures"),
        writes_out=True,
    ),
    Operation(
        "export to a ZIP",
        _with_named_images,
        ("export", "--sd", "one", "-o", "{out}/pictures.zip"),
        writes_out=True,
        ends=(0, *_TAKEN),
    ),
    Operation(
        "export the catalog",
        _with_an_earlier_catalog,
        ("catalog", "export", "-o", f"{{out}}/{CATALOG}"),
        writes_out=True,
    ),
    Operation(
        "export the catalog, hidden",
        _with_an_earlier_catalog,
        ("catalog", "export", "-o", f"{{out}}/{CATALOG}"),
        (NO_UNNAMED_FILES,),
        writes_out=True,
    ),
    Operation("import a catalog", _with_another_catalog, ("catalog", "import", f"{{folder}}/{CATALOG}")),
    Operation(
        "provide in a folder",
        _with_a_list,
        ("provide", f"{{folder}}/{LIST}", "-o", "{out}/for-ada"),
        writes_out=True,
    ),
    Operation(
        "provide as a ZIP",
        _with_a_list,
        ("provide", f"{{folder}}/{LIST}", "-o", "{out}/for-ada.zip"),
        writes_out=True,
        ends=(0, *_TAKEN),
    ),
]
