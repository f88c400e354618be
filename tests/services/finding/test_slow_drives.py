"""Slow drives: slow answers are waited for, and only a drive that does not answer at all is offline."""

from __future__ import annotations

import errno
import gc
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from builders.identity_folders import as_somebody_without_rights
from builders.machine import LEGACY_ID, Machine, open_machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from fault_kit.refusing_kernel import Refusal, call_refused
from strandline.errors import DiskError, SourceNotFoundError, StorageDirNotFoundError, UnreadableFileError
from strandline.folders import local as local_folders
from strandline.folders import odd_names, timed_calls
from strandline.folders.filesystems import Mount, MountKind
from strandline.folders.opening import OpenedFile
from strandline.folders.time_limits import SlowPlaces
from strandline.model.image_ids import ImageId
from strandline.model.storage_dirs import StorageDir
from strandline.model.verdicts import Verdict
from strandline.services.finding.by_name import find_by_name, list_files_of_note
from strandline.services.finding.explain import explain_image
from strandline.services.finding.found_image import FoundImage
from strandline.services.finding.look_up import look_up
from strandline.services.finding.search import find_image
from strandline.services.saving.save import save_image
from strandline.services.storage_dirs.paths import spell_path

SMALL_LIMIT_S = 1.0
SLOW_S = 1.5
"""Longer than a small look may take, and far less than a download may take."""
AMPLE_S = 20.0

PICTURE, OTHER = (make_picture("png", seed=seed) for seed in (1, 2))
ID, NOWHERE = id_of(PICTURE), ImageId("0" * 32)
NO_LISTING = [Refusal("getdents64", errno.EIO)]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine that treats all folders as a mounted cloud."""
    with open_machine(tmp_path) as machine:
        cloud = Mount(tmp_path, "fuse.cloud", MountKind.FUSE, keeps_inodes=True, read_only=False)
        machine.bench.find_mount = lambda _path: cloud
        machine.bench.slow_places = SlowPlaces(limit_s=SMALL_LIMIT_S)
        yield machine


@pytest.fixture
def cloud(machine: Machine) -> StorageDir:
    """Holds one image, known and proven."""
    sd = machine.add("cloud", PICTURE)
    machine.clock.pass_time(seconds=60)
    machine.get(ID)
    return sd


def slow_down(patch: pytest.MonkeyPatch, modules: list[Any], name: str, wait: Callable[[], object]) -> None:
    """Makes that function wait first."""
    quick = getattr(modules[0], name)

    def slow(*arguments: object, **options: object) -> object:
        wait()
        return quick(*arguments, **options)

    for module in modules:
        patch.setattr(module, name, slow)


def take_long() -> None:
    """Like a cloud that has to ask its server."""
    threading.Event().wait(SLOW_S)


def test_a_cloud_may_take_its_time_to_list(
    machine: Machine, cloud: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A miss takes long, but the drive stays online, and its images are shown."""
    slow_down(monkeypatch, [odd_names], "iter_names", take_long)
    assert look_up(machine.bench, NOWHERE).verdict is Verdict.NOT_FOUND
    assert machine.get(ID).proven
    assert machine.known_state(cloud) == "online"


def test_a_cloud_may_take_its_time_to_open(
    machine: Machine, cloud: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On some drives, opening fetches the whole file, which takes longer than a small look may."""
    slow_down(monkeypatch, [local_folders], "open_image_file", take_long)
    assert machine.get(ID).proven
    found = find_image(machine.bench, ID)
    assert found is not None
    assert found.read_piece(0, len(PICTURE)) == PICTURE
    found.close()
    assert machine.known_state(cloud) == "online"


def test_a_listing_that_does_not_end_is_given_up_and_told(
    machine: Machine, cloud: StorageDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then "not found" is not reported, exact names need no listing, and the drive stays online."""
    machine.put(cloud, OTHER)
    machine.bench.limits = replace(machine.bench.limits, fetch_timeout_s=0.3)
    is_listed, end = threading.Event(), threading.Event()

    def never_end() -> None:
        is_listed.set()
        end.wait(AMPLE_S)

    slow_down(monkeypatch, [odd_names], "iter_names", never_end)
    try:
        assert machine.get(id_of(OTHER)).proven
        assert machine.get(ID).proven
        assert not is_listed.is_set()
        assert look_up(machine.bench, NOWHERE).verdict is Verdict.SD_OFFLINE
        explanation = explain_image(machine.bench, NOWHERE)
    finally:
        end.set()
    assert explanation.verdict is Verdict.UNREADABLE
    [fact] = explanation.sds[0].disk
    assert fact.message == "its media folder cannot be listed now: no answer within 0.3 s"
    assert machine.known_state(cloud) == "online"


@pytest.fixture
def sent(machine: Machine) -> Iterator[FoundImage]:
    """An image that is being sent from a share."""
    share = Mount(machine.folder, "nfs4", MountKind.NETWORK, keeps_inodes=True, read_only=False)
    machine.bench.find_mount = lambda _path: share
    machine.add("share", PICTURE)
    machine.clock.pass_time(seconds=60)
    machine.get(ID)
    found = find_image(machine.bench, ID)
    assert found is not None
    yield found
    found.close()


def test_a_share_that_dies_while_an_image_is_sent_ends_the_sending(
    machine: Machine, sent: FoundImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sending ends as soon as a small look gets no answer. After that the share is offline."""
    end = threading.Event()
    slow_down(monkeypatch, [os], "pread", partial(end.wait, AMPLE_S))
    slow_down(monkeypatch, [timed_calls, local_folders], "read_plain_identity", partial(end.wait, AMPLE_S))
    machine.bench.slow_places.limit_s = 0.1
    try:
        with pytest.raises(UnreadableFileError, match="no answer within"):
            sent.read_piece(0, len(PICTURE))
        assert find_image(machine.bench, ID) is None
        assert [sd.state.value for sd in machine.list_storage_dirs()] == ["offline"]
    finally:
        end.set()


@pytest.mark.usefixtures("sent")
def test_a_read_that_does_not_end_is_given_up(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends after the time limit for downloads, even if everything else answers."""
    machine.bench.limits = replace(machine.bench.limits, fetch_timeout_s=0.1)
    found = machine.get(ID)
    end = threading.Event()
    slow_down(monkeypatch, [os], "pread", partial(end.wait, AMPLE_S))
    try:
        with pytest.raises(UnreadableFileError, match="no answer within"):
            found.read_piece(0, len(PICTURE))
    finally:
        end.set()
    assert [sd.state.value for sd in machine.list_storage_dirs()] == ["online"]


def test_letting_go_of_a_file_waits_for_no_share(sent: FoundImage, monkeypatch: pytest.MonkeyPatch) -> None:
    """On some drives closing takes time, and the server's event loop does it."""
    end, closed = threading.Event(), threading.Event()
    close = OpenedFile.close

    def hang(opened: OpenedFile) -> None:
        end.wait(AMPLE_S)
        close(opened)
        closed.set()

    monkeypatch.setattr(OpenedFile, "close", hang)
    sent.close()
    assert not closed.is_set()
    end.set()
    assert closed.wait(AMPLE_S)


@pytest.mark.usefixtures("sent")
def test_a_file_that_nobody_closed_waits_for_no_share_either(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last reference may be dropped on the event loop."""
    found = machine.get(ID)
    end, closed = threading.Event(), threading.Event()
    close = OpenedFile.close

    def hang(opened: OpenedFile) -> None:
        end.wait(AMPLE_S)
        close(opened)
        closed.set()

    monkeypatch.setattr(OpenedFile, "close", hang)
    del found
    gc.collect()
    assert not closed.is_set()
    end.set()
    assert closed.wait(AMPLE_S)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Machine]:
    """A machine whose folders are on a local disk."""
    with open_machine(tmp_path) as machine:
        yield machine


def test_an_exact_name_is_found_where_the_folder_cannot_be_listed(local: Machine) -> None:
    """Without permission or descriptors to list it, an image can still be found by exact name."""
    one = local.add("one")
    local.put(one, PICTURE)
    found = call_refused(NO_LISTING, lambda: find_image(local.bench, ID))
    assert found is not None
    assert found.filename == name_of(PICTURE)
    assert call_refused(NO_LISTING, lambda: look_up(local.bench, NOWHERE)).verdict is Verdict.SD_OFFLINE
    unsure = call_refused(NO_LISTING, lambda: look_up(local.bench, NOWHERE, online_only=True))
    assert unsure.verdict is Verdict.SD_OFFLINE, (
        "it is online, so leaving out what is offline changes nothing"
    )


def test_what_cannot_be_listed_is_explained_as_far_as_it_is_known() -> None:
    """The explanation has what is there under an exact name, and says that there may be more."""
    with as_somebody_without_rights() as folder, open_machine(folder) as machine:
        one = machine.add("one")
        machine.put(one, PICTURE)
        machine.media(one).chmod(0o300)
        explanation = explain_image(machine.bench, ID)
        machine.media(one).chmod(0o700)
    assert explanation.verdict is Verdict.SHOWN
    assert [fact.what for fact in explanation.sds[0].disk] == ["unreadable", "present"]


def test_no_file_is_met_under_two_names_for_want_of_a_listing(local: Machine) -> None:
    """A disk that folds case finds one file (here a half one) under both names. Only a listing shows its own name."""
    one = local.add("one")
    for name in (name_of(PICTURE), f"{ID}.PNG"):
        local.put(one, PICTURE[:-1], name)
    assert call_refused(NO_LISTING, lambda: find_image(local.bench, ID)) is None
    assert local.row(one, name_of(PICTURE)) is not None
    assert local.row(one, f"{ID}.PNG") is None


@pytest.mark.parametrize("name", [f"{LEGACY_ID}.jpg", f"{LEGACY_ID}.Png"], ids=["exact", "odd"])
def test_a_legacy_id_is_not_given_twice_where_the_folder_cannot_be_listed(local: Machine, name: str) -> None:
    """Another image may have it under a name that only a listing shows, so nothing is written."""
    one = local.add("one")
    local.put(one, PICTURE, name)
    with pytest.raises(DiskError, match="cannot be listed now"):
        call_refused(NO_LISTING, lambda: save_image(local.bench, OTHER, one, image_id=LEGACY_ID))
    assert [path.name for path in local.media(one).iterdir()] == [name]


def test_a_content_id_is_saved_where_the_folder_cannot_be_listed(local: Machine) -> None:
    """Under a content id there can only be the same image."""
    one = local.add("one")
    saved = call_refused(NO_LISTING, lambda: save_image(local.bench, PICTURE, one))
    assert (saved.filename, saved.new) == (name_of(PICTURE), True)


@pytest.mark.parametrize("way", ["dead", "link"])
def test_a_dead_share_holds_nobody_up_who_names_a_path_on_it(
    local: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """A note, a picture, or a folder with an umlaut in its path, in no storage directory, is looked for within the
    share's limit, also if a link on a local disk leads there. Then nothing is said of what is there, and the share
    rests: the next look fails at once.
    """
    local.add("one", PICTURE)
    dead, link = tmp_path / "dead", tmp_path / "link"
    link.symlink_to(dead)
    share = Mount(dead, "nfs4", MountKind.NETWORK, keeps_inodes=True, read_only=False)
    find_local = local.bench.find_mount
    local.bench.find_mount = lambda path: share if str(path).startswith(str(dead)) else find_local(path)
    local.bench.slow_places = SlowPlaces(limit_s=0.1)
    end = threading.Event()
    asked = []
    for module, name in ((os, "lstat"), (os, "stat"), (os, "listdir")):
        quick = getattr(module, name)

        def hang(path: Any, *arguments: Any, quick: Any = quick, **options: Any) -> Any:
            if str(path).startswith((str(dead), f"{link}/")):
                asked.append(threading.current_thread())
                end.wait(AMPLE_S)
            return quick(path, *arguments, **options)

        monkeypatch.setattr(module, name, hang)
    note = str(tmp_path / way / "Küche" / "Küche.md")
    try:
        for look in (
            lambda: find_by_name(local.bench, "x.png", note=note),
            lambda: list_files_of_note(local.bench, note),
        ):
            with pytest.raises(StorageDirNotFoundError, match="is in no storage directory"):
                look()
        with pytest.raises(SourceNotFoundError):
            find_by_name(local.bench, str(tmp_path / way / "Küche" / "ü.png"))
        assert spell_path(local.bench, note) == note
    finally:
        end.set()
    assert len(asked) == 1
    assert asked[0] is not threading.current_thread()
