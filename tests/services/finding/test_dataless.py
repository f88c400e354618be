"""Files whose names are here while their bytes are in the cloud: reported as such, and fetched only on request (H20).

Linux has no mark for such files. Here the sticky bit is used as one. Everything else is real, and the kernel itself
reports which files are opened.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders.opens import noting_opens
from builders.pictures import make_picture
from builders.served import serving
from builders.storage import id_of, make_storage_dir, name_of, put_image, set_mtime
from strandline.folders import opening
from strandline.model.image_files import FileState
from strandline.runtime.assembly import LocalStore, open_store
from strandline.services.proving.arrivals import Arrival, look_at_arrival
from strandline.services.proving.backlog import verify_unproven

HERE, PROVEN, UNPROVEN, NEW, COPIED = (make_picture("png", seed=seed) for seed in range(1, 6))
COPY_NAME = f"{id_of(COPIED)} (1).png"
IN_CLOUD = {"proven": PROVEN, "unproven": UNPROVEN, "new": NEW}


@dataclass
class Cloud:
    """A store with a storage directory in which most files are in the cloud, some of them never downloaded."""

    store: LocalStore
    root: Path
    list_opened: Callable[[], list[str]]

    def mark(self, name: str, *, in_cloud: bool = True) -> None:
        """Moves the file's bytes to the cloud, or back."""
        path = self.root / "media" / name
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | stat.S_ISVTX if in_cloud else mode & ~stat.S_ISVTX)

    def list_fetched(self) -> list[str]:
        """The marked files that were opened since the last call."""
        return [name for name in self.list_opened() if name != name_of(HERE)]

    def states(self) -> dict[str, FileState]:
        """Of all files that the catalog knows."""
        page = self.store.list_images()
        return {each.file.filename: each.file.state for image in page.images for each in image.files}


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """One file is here. The others are in the cloud: one since its proof, one since before, one from the start,
    and a copy.
    """
    monkeypatch.setitem(opening._NOT_HERE, "st_mode", stat.S_ISVTX)
    root = make_storage_dir(tmp_path / "Notes", HERE, PROVEN, UNPROVEN)
    with open_store(tmp_path / "home") as store, noting_opens(root / "media") as list_opened:
        store.add_storage_dir(root)
        for data in (HERE, PROVEN):
            set_mtime(root / "media" / name_of(data), 100)
            store.get(id_of(data))
        put_image(root, NEW)
        put_image(root, COPIED, COPY_NAME)
        made = Cloud(store, root, list_opened)
        for name in (*map(name_of, IN_CLOUD.values()), COPY_NAME):
            made.mark(name)
        list_opened()
        yield made


def look_once(store: LocalStore) -> None:
    with store.watch(once=True) as events:
        list(events)


def verify(store: LocalStore) -> None:
    [sd] = store.list_storage_dirs()
    verify_unproven(store.bench, sd, may_read=lambda _: True)


def notice(store: LocalStore) -> None:
    [sd] = store.list_storage_dirs()
    for data in IN_CLOUD.values():
        assert look_at_arrival(store.bench, sd, name_of(data)) is Arrival.SCAN_SOON


def ask_about(store: LocalStore) -> None:
    for data in (*IN_CLOUD.values(), COPIED):
        store.exists(id_of(data)), store.look_up(id_of(data)), store.explain(id_of(data))


LOOKS: dict[str, Callable[[LocalStore], object]] = {
    "scan": lambda store: store.scan(),
    "watcher": look_once,
    "arrival": notice,
    "verifier": verify,
    "inspector": lambda store: store.inspect("Notes"),
    "listing": lambda store: store.list_images(),
    "questions": ask_about,
    "tree": lambda store: [
        store.describe_file("Notes", each.path)
        for each in store.iter_tree("Notes")
        if each.path.startswith("media/")
    ],
}


@pytest.mark.parametrize("is_scanned", [False, True], ids=["before a scan", "after a scan"])
@pytest.mark.parametrize("look", LOOKS)
def test_nothing_is_fetched_unasked(cloud: Cloud, look: str, is_scanned: bool) -> None:
    """I16: no file in the cloud is opened, whether or not the catalog knows that it is there."""
    if is_scanned:
        cloud.store.scan()
    LOOKS[look](cloud.store)
    assert cloud.list_fetched() == []


@pytest.mark.parametrize("is_scanned", [False, True], ids=["before a scan", "after a scan"])
@pytest.mark.parametrize("which", IN_CLOUD)
def test_it_is_online_only_and_comes_to_who_asks(cloud: Cloud, which: str, is_scanned: bool) -> None:
    """It exists, and is neither missing nor damaged. A read fetches it."""
    data = IN_CLOUD[which]
    if is_scanned:
        cloud.store.scan()
        assert cloud.states()[name_of(data)] is FileState.ONLINE_ONLY
    presence = cloud.store.look_up(id_of(data))
    assert (presence.exists, presence.state, presence.verdict.value) == (True, "online-only", "online-only")
    assert cloud.store.explain(id_of(data)).verdict.value == "online-only"
    assert cloud.list_fetched() == []
    assert cloud.store.get(id_of(data)).read() == data
    assert set(cloud.list_fetched()) == {name_of(data)}


def test_what_goes_and_comes_back_is_told_of_no_more(cloud: Cloud) -> None:
    """I17: neither missing nor damaged, and available once. The inspector counts it as online-only."""
    cloud.store.scan()
    status = cloud.store.inspect("Notes")
    assert {item.filename for item in status.online_only} == {name_of(data) for data in IN_CLOUD.values()}
    assert (status.on_disk_count, status.in_catalog_count, status.in_catalog_not_on_disk) == (4, 4, [])
    for name in (*map(name_of, IN_CLOUD.values()), COPY_NAME):
        cloud.mark(name, in_cloud=False)
    look_once(cloud.store)
    lost = name_of(COPIED)  # of which only a copy is here
    assert cloud.states().pop(lost) is FileState.MISSING
    assert {state for name, state in cloud.states().items() if name != lost} == {FileState.PRESENT}
    told = [event.type for event in cloud.store.events() if event.type.startswith("image.")]
    assert told == ["image.available"] * 4


def test_a_save_of_what_is_in_the_cloud_saves_nothing_again(cloud: Cloud) -> None:
    """The save checks whether the existing file has the bytes. It has."""
    for data in IN_CLOUD.values():
        assert not cloud.store.save(data, sd="Notes").new


@pytest.mark.slow
@pytest.mark.parametrize("is_scanned", [False, True], ids=["before a scan", "after a scan"])
def test_pages_and_pictures_are_shown_without_it(cloud: Cloud, is_scanned: bool) -> None:
    """A gallery must not download a cloud: 503 says what to do, and ``fetch=1`` does it (SPEC §10)."""
    if is_scanned:
        cloud.store.scan()
    with serving(cloud.store) as served:
        for path in ("/", "/folders", "/inspect/Notes", "/inspect/Notes/tree", "/activity"):
            assert served.client.get(path).status_code == 200
        for data in IN_CLOUD.values():
            assert served.client.get(f"/image/{id_of(data)}").status_code == 200
            for query in ("", "?w=400", "?original=1", "?wait=1"):
                refused = served.client.get(f"/i/{id_of(data)}{query}")
                assert (refused.status_code, refused.json()["code"]) == (503, "image-online-only")
        assert cloud.list_fetched() == []
        for data in IN_CLOUD.values():
            assert served.client.get(f"/i/{id_of(data)}?fetch=1").content == data
    assert set(cloud.list_fetched()) == {name_of(data) for data in IN_CLOUD.values()}


def test_a_picture_comes_from_where_it_is_here(cloud: Cloud, tmp_path: Path) -> None:
    """If another storage directory has the image, it is shown from there, and nothing is fetched."""
    cloud.store.add_storage_dir(make_storage_dir(tmp_path / "Other", PROVEN, NEW))
    with serving(cloud.store) as served:
        for data in (PROVEN, NEW):
            for query in ("", "?sd=Notes"):
                assert served.client.get(f"/i/{id_of(data)}{query}").content == data
    assert cloud.list_fetched() == []
