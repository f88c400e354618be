"""The two real Syncthings that other scenarios build on do what they promise, and leave the names we expect."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenarios.syncthing import TwoSyncthings
from scenarios.syncthing_node import SyncthingNode, SyncTimeoutError
from strandline.model.media_names import classify_media_name
from strandline.model.sync_names import NameKind, NameMeaning, classify_identity_name


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoSyncthings]:
    """Two machines, linked and in sync; each test leaves them so."""
    with TwoSyncthings(tmp_path_factory.mktemp("pair")) as pair:
        yield pair


def put_image(node: SyncthingNode, size_bytes: int) -> str:
    """Write random bytes under the name that they hash to; gives the path relative to the folder."""
    data = os.urandom(size_bytes)
    media = node.folder / "media"
    media.mkdir(exist_ok=True)
    name = f"{hashlib.sha256(data).hexdigest()[:32]}.png"
    (media / name).write_bytes(data)
    return f"media/{name}"


def test_files_arrive_and_leave_on_both_sides(pair: TwoSyncthings) -> None:
    """What one machine writes or deletes, the other one has or lacks once they are in sync."""
    from_a = [put_image(pair.a, 2_000 + i) for i in range(20)]
    pair.wait_in_sync()
    from_b = put_image(pair.b, 5_000)
    (pair.b.folder / from_a[0]).unlink()
    pair.wait_in_sync()
    entries = pair.a.list_entries()
    assert entries == pair.b.list_entries()
    assert {from_b, *from_a[1:]} <= entries.keys()
    assert from_a[0] not in entries


def test_two_identities_make_a_conflict_copy(pair: TwoSyncthings) -> None:
    """Written apart, both values of SD_ID live on, on both machines, and the copy's name says what it is.

    Until they are connected nothing travels, and who waits for it learns which file differs.
    """
    pair.disconnect()
    (pair.a.folder / "SD_ID").write_text("one\n")
    (pair.b.folder / "SD_ID").write_text("two\n")
    with pytest.raises(SyncTimeoutError, match=r"SD_ID: 4 bytes, .* \| 4 bytes, "):
        pair.wait_in_sync(timeout_s=0.5)
    pair.reconnect()
    pair.wait_in_sync()
    (copy,) = pair.a.list_conflict_copies()
    assert pair.b.list_conflict_copies() == [copy]
    for node in (pair.a, pair.b):
        assert {(node.folder / name).read_text() for name in ("SD_ID", copy)} == {"one\n", "two\n"}
    assert classify_identity_name(copy) == NameMeaning(NameKind.CONFLICT_COPY, "syncthing", "SD_ID")


def test_a_power_cut_leaves_a_temporary_and_heals(pair: TwoSyncthings) -> None:
    """Killed in mid transfer, the receiver has a temporary and no image; switched on again, the image."""
    pair.throttle(2_000)
    image = put_image(pair.a, 12_000_000)
    pair.a.scan()
    pair.wait_for("a file in part", lambda: bool(pair.b.list_temporaries()))
    pair.b.kill()
    (temporary,) = pair.b.list_temporaries()
    meaning = classify_media_name(Path(temporary).name)
    assert meaning == NameMeaning(NameKind.TEMPORARY, "syncthing", Path(image).name)
    assert not (pair.b.folder / image).exists()
    pair.b.start()
    pair.throttle(0)
    pair.reconnect()
    pair.wait_in_sync()
    assert pair.b.list_temporaries() == []
    assert hashlib.sha256((pair.b.folder / image).read_bytes()).hexdigest()[:32] == Path(image).stem


def test_nothing_leaves_the_machine(pair: TwoSyncthings) -> None:
    """Every socket of both processes is on loopback, so tests need no network and tell nobody."""
    addresses = list_socket_addresses(pair.a) + list_socket_addresses(pair.b)
    assert addresses
    assert [address for address in addresses if not is_loopback_or_none(address)] == []


def list_socket_addresses(node: SyncthingNode) -> list[str]:
    """Both ends of all the node's sockets, as the kernel prints them."""
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
    """True for 127.0.0.1, ::1, their mapped form, and a peer that is not there. The words are little-endian."""
    host, _, port = address.partition(":")
    is_nobody = set(host) == {"0"} and port == "0000"
    return is_nobody or host.endswith("0100007F") or host == "0" * 24 + "01000000"


def test_both_processes_end_with_the_block(tmp_path: Path) -> None:
    """No Syncthing is left running behind a test."""
    with TwoSyncthings(tmp_path) as pair:
        processes = [pair.a.process, pair.b.process]
    assert [process and process.returncode is not None for process in processes] == [True, True]
