"""The two real Syncthings of other scenarios work as promised, and create the expected names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenarios.syncthing import TwoSyncthings
from scenarios.syncthing_folder import SharedFolder, SyncedFolder
from scenarios.syncthing_node import SyncthingNode
from scenarios.waiting import SyncTimeoutError, wait_until
from strandline.model.media_names import classify_media_name
from strandline.model.sync_names import NameKind, NameMeaning, classify_identity_name


@pytest.fixture
def shared(syncthings: TwoSyncthings, tmp_path: Path) -> Iterator[SharedFolder]:
    """A shared folder in sync."""
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    shared = syncthings.share(f"{tmp_path.name}", *folders)
    shared.set_paused(False)
    yield shared
    shared.forget()


def put_image(end: SyncedFolder, size_bytes: int) -> str:
    """Writes random bytes under their content id. Returns the path relative to the folder."""
    data = os.urandom(size_bytes)
    media = end.path / "media"
    media.mkdir(exist_ok=True)
    name = f"{hashlib.sha256(data).hexdigest()[:32]}.png"
    (media / name).write_bytes(data)
    return f"media/{name}"


def test_files_arrive_and_leave_on_both_sides(shared: SharedFolder) -> None:
    """A file that one machine writes or deletes appears or vanishes on the other once they are in sync."""
    from_a = [put_image(shared.a, 2_000 + i) for i in range(20)]
    shared.wait_in_sync()
    from_b = put_image(shared.b, 5_000)
    (shared.b.path / from_a[0]).unlink()
    shared.wait_in_sync()
    entries = shared.a.list_entries()
    assert entries == shared.b.list_entries()
    assert {from_b, *from_a[1:]} <= entries.keys()
    assert from_a[0] not in entries


def test_two_identities_make_a_conflict_copy(syncthings: TwoSyncthings, shared: SharedFolder) -> None:
    """Both values of SD_ID survive on both machines, and the copy's name shows what it is.

    Until they are connected nothing travels, and the timeout error says which file differs.
    """
    syncthings.disconnect()
    (shared.a.path / "SD_ID").write_text("one\n")
    (shared.b.path / "SD_ID").write_text("two\n")
    with pytest.raises(SyncTimeoutError, match=r"SD_ID: 4 bytes, .* \| 4 bytes, "):
        shared.wait_in_sync(limit_s=0.5)
    syncthings.reconnect()
    shared.wait_in_sync()
    (copy,) = shared.a.list_conflict_copies()
    assert shared.b.list_conflict_copies() == [copy]
    for end in (shared.a, shared.b):
        assert {(end.path / name).read_text() for name in ("SD_ID", copy)} == {"one\n", "two\n"}
    assert classify_identity_name(copy) == NameMeaning(NameKind.CONFLICT_COPY, "syncthing", "SD_ID")


def test_a_power_cut_leaves_a_temporary_and_heals(syncthings: TwoSyncthings, shared: SharedFolder) -> None:
    """If it is killed during a transfer, the receiver has a temporary and no image. After a restart it has the
    image.
    """
    syncthings.throttle(2_000)
    image = put_image(shared.a, 6_000_000)
    shared.a.scan()
    wait_until("a file in part", lambda: bool(shared.b.list_temporaries()), describe=shared.describe)
    syncthings.b.kill()
    (temporary,) = shared.b.list_temporaries()
    meaning = classify_media_name(Path(temporary).name)
    assert meaning == NameMeaning(NameKind.TEMPORARY, "syncthing", Path(image).name)
    assert not (shared.b.path / image).exists()
    syncthings.b.start()
    syncthings.throttle(0)
    syncthings.reconnect()
    shared.wait_in_sync()
    assert shared.b.list_temporaries() == []
    assert hashlib.sha256((shared.b.path / image).read_bytes()).hexdigest()[:32] == Path(image).stem


def test_nothing_leaves_the_machine(syncthings: TwoSyncthings) -> None:
    """Every socket of both processes is on loopback, so the tests need no network."""
    addresses = list_socket_addresses(syncthings.a) + list_socket_addresses(syncthings.b)
    assert addresses
    assert [address for address in addresses if not is_loopback_or_none(address)] == []


def list_socket_addresses(node: SyncthingNode) -> list[str]:
    """Both ends of all of the node's sockets, as the kernel prints them."""
    assert node.process is not None
    proc = Path("/proc") / str(node.process.pid)
    inodes = {Path(link).readlink().name for link in (proc / "fd").iterdir()}
    addresses = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for row in (proc / "net" / table).read_text().splitlines()[1:]:
            _, local, remote, *_, inode = row.split()[:10]
            if f"socket:[{inode}]" in inodes:
                addresses += [local, remote]
    return addresses


def is_loopback_or_none(address: str) -> bool:
    """True for 127.0.0.1, ::1, their mapped form, and a missing peer. The words are little-endian."""
    host, _, port = address.partition(":")
    is_nobody = set(host) == {"0"} and port == "0000"
    return is_nobody or host.endswith("0100007F") or host == "0" * 24 + "01000000"


def test_both_processes_end_with_the_block(tmp_path: Path) -> None:
    """No Syncthing is left running behind a test."""
    with TwoSyncthings(tmp_path) as pair:
        processes = [pair.a.process, pair.b.process]
    assert [process and process.returncode is not None for process in processes] == [True, True]
