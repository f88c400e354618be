"""What object stores tell is a hint: what it names is looked at at once, and nothing in it is believed."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest

from builders.bucket_machine import BucketMachine, open_bucket_machine
from builders.clocks import FakeClock
from builders.s3_server import OtherProgram, S3Server, run_s3_server
from builders.sampling import get_seed
from builders.served import LIMIT_S, NO_TLS, Served, serving
from builders.storage import id_of, make_pictures, name_of
from strandline.model.arrival_notices import MAX_BYTES
from strandline.model.events import ImageAvailable
from strandline.runtime.assembly import open_store

ONE, TWO, THREE, FOUR = PICTURES = make_pictures(4)


def notify(other: OtherProgram, *names: str, event: str = "ObjectCreated:Put") -> dict[str, Any]:
    """What S3 would tell."""
    return {
        "Records": [
            {
                "eventName": event,
                "s3": {"bucket": {"name": other.bucket}, "object": {"key": quote_plus(other.prefix + name)}},
            }
            for name in names
        ]
    }


@pytest.fixture
def other(s3_server: S3Server) -> OtherProgram:
    """A program that keeps an image in a bucket."""
    other = s3_server.make_place()
    other.put("SD_ID", b"11111111-1111-4111-8111-111111111111\n")
    other.put(f"media/{name_of(ONE)}", ONE)
    return other


@pytest.fixture
def served(tmp_path: Path, s3_server: S3Server, other: OtherProgram) -> Iterator[Served]:
    """A server of that bucket. Nothing watches it."""
    with (
        open_store(tmp_path / "home", overrides={"s3.endpoint": s3_server.endpoint}) as store,
        serving(store) as served,
    ):
        store.add_storage_dir(other.address, "Archive")
        yield served


def tell(served: Served, document: object) -> dict[str, int]:
    """Sends notices, and waits until they were looked at."""
    answer = served.post("/arrivals", document)
    assert answer.status_code == 202, answer.text
    assert served.store.arrivals.wait_until_empty(LIMIT_S)
    found: dict[str, int] = answer.json()
    return found


def list_available(served: Served) -> list[str]:
    """The images that were announced."""
    return [str(each.image_id) for each in served.store.events() if isinstance(each, ImageAvailable)]


def test_what_a_store_tells_is_proven_and_announced_at_once(served: Served, other: OtherProgram) -> None:
    """Once, however often it is told. No scan is needed."""
    other.put(f"media/{name_of(TWO)}", TWO)
    document = notify(other, f"media/{name_of(TWO)}")
    assert tell(served, document) == {"taken": 1, "ignored": 0, "dropped": 0}
    assert list_available(served) == [id_of(TWO)]
    for _ in range(3):
        tell(served, document)
    tell(served, {"Records": document["Records"] * 50})
    assert list_available(served) == [id_of(TWO)]
    assert served.store.audit.list_newest() == [], "a notice is no change by the one who sends it"


def test_what_is_told_wrongly_changes_nothing(served: Served, other: OtherProgram) -> None:
    """An object that is not there, one that is there and said to be gone, other buckets, and hostile keys."""
    before = [image["image_id"] for image in served.get("/images")["images"]]
    gone = notify(other, f"media/{name_of(ONE)}", event="ObjectRemoved:Delete")
    assert tell(served, gone)["taken"] == 1
    tell(served, notify(other, f"media/{name_of(TWO)}"))
    elsewhere = {
        "Records": [
            {"s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key)}}}
            for bucket, key in (
                ("another-bucket", f"{other.prefix}media/{name_of(TWO)}"),
                (other.bucket, f"media/{name_of(TWO)}"),
                (other.bucket, f"{other.prefix}../media/{name_of(TWO)}"),
                (other.bucket, f"{other.prefix}media/../../SD_ID"),
                (other.bucket, f"{other.prefix}media/\x00\x01"),
                (other.bucket, f"{other.prefix}media/{'x' * 2000}.jpg"),
                (other.bucket, other.prefix),
                (other.bucket, f"{other.prefix}SD_ID"),
                (other.bucket, f"{other.prefix}/media//{name_of(TWO)}"),
            )
        ]
    }
    assert tell(served, elsewhere) == {"taken": 0, "ignored": 9, "dropped": 0}
    assert [image["image_id"] for image in served.get("/images")["images"]] == before
    assert list_available(served) == [id_of(ONE)], "it is there, and somebody looked at it for the first time"


def test_wrong_bytes_are_told_as_arriving_and_not_as_there(served: Served, other: OtherProgram) -> None:
    """Until the right ones are there, and that is told as well."""
    other.put(f"media/{name_of(TWO)}", TWO[: len(TWO) // 2])
    tell(served, notify(other, f"media/{name_of(TWO)}"))
    assert list_available(served) == []
    other.put(f"media/{name_of(TWO)}", TWO)
    tell(served, notify(other, f"media/{name_of(TWO)}"))
    assert list_available(served) == [id_of(TWO)]


def test_what_has_no_form_or_no_end_is_refused(served: Served) -> None:
    """With a reason, and without reading all of it."""
    documents: tuple[object, ...] = ({}, [], {"Records": [{}] * 1001})
    for document in documents:
        assert served.post("/arrivals", document).status_code == 422
    large = served.client.post("/api/v1/arrivals", content=b" " * (MAX_BYTES + 1))
    assert (large.status_code, large.json()["code"]) == (422, "invalid-input")
    assert tell(served, {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "x"})["taken"] == 0


def test_a_token_tells_of_its_own_storage_directories(served: Served, other: OtherProgram) -> None:
    """With the role write. Of another bucket it learns nothing."""
    store = served.store
    other.put(f"media/{name_of(THREE)}", THREE)
    with open_store(store.home, overrides={"s3.endpoint": store.settings.s3.endpoint}) as second:
        empty = OtherProgram(other.endpoint, other.bucket, f"{other.prefix[:-1]}-other/")
        empty.put("SD_ID", b"22222222-2222-4222-8222-222222222222\n")
        second.add_storage_dir(empty.address, "Other")
    for role, sd, expected in (
        ("read", "Archive", (403, None)),
        ("write", "Other", (202, 0)),
        ("write", "Archive", (202, 1)),
    ):
        token = store.tokens.create(role, sds=[store.get_storage_dir(sd)]).text
        served.app.door.guard = served.app.door.read_guard()
        answer = httpx.post(
            f"{served.address.url}api/v1/arrivals",
            json=notify(other, f"media/{name_of(THREE)}"),
            headers={"authorization": f"Bearer {token}"},
            verify=NO_TLS,
        )
        assert (answer.status_code, answer.json().get("taken")) == expected, (role, sd)


def test_a_real_store_tells_by_itself(tmp_path: Path) -> None:
    """SeaweedFS calls the address with a token when somebody puts an image there, and the image is shown."""
    with open_store(tmp_path / "home") as store, serving(store) as served:
        token = store.tokens.create("write", note="SeaweedFS").text
        served.app.door.guard = served.app.door.read_guard()
        (tmp_path / "s3").mkdir()
        url = f"{served.address.url}api/v1/arrivals"
        with run_s3_server(tmp_path / "s3", webhook=url, token=token) as server:
            other = server.make_place()
            other.put("SD_ID", b"11111111-1111-4111-8111-111111111111\n")
            store.bench.limits = store.bench.limits.__class__(s3=server.options)
            store.add_storage_dir(other.address)
            store.scan()
            other.put(f"media/{name_of(FOUR)}", FOUR)
            until_s = time.monotonic() + LIMIT_S
            while id_of(FOUR) not in list_available(served) and time.monotonic() < until_s:
                time.sleep(0.05)
            assert list_available(served) == [id_of(FOUR)]


class World:
    """A bucket, a machine that is told of it, and one that is not."""

    def __init__(self, told: BucketMachine, plain: BucketMachine, random: random.Random) -> None:
        self.told, self.plain, self.random = told, plain, random
        self.names = [f"media/{name_of(data)}" for data in PICTURES]
        self.now = {f"media/{name_of(data)}": data for data in PICTURES[:2]}

    def act(self) -> None:
        """Somebody does something in the bucket."""
        data = self.random.choice(PICTURES)
        name = f"media/{name_of(data)}"
        match self.random.choice(["put", "put", "half", "delete"]):
            case "put":
                self.told.other.put(name, data)
            case "half":
                self.told.other.put(name, data[: len(data) // 2])
            case "delete":
                self.told.other.delete(name)

    def tell(self) -> None:
        """Notices come: lost, late, repeated, in any order, about anything."""
        names = self.random.choices(
            [*self.names, "media/nothing.jpg", "SD_ID", "../x"], k=self.random.randint(0, 6)
        )
        kind = self.random.choice(["ObjectCreated:Put", "ObjectRemoved:Delete"])
        self.told.store.take_notices(json.dumps(notify(self.told.other, *names, event=kind)).encode())
        assert self.told.store.arrivals.wait_until_empty(LIMIT_S)

    def settle(self) -> None:
        """Two healthy scans that are far enough apart."""
        for machine in (self.told, self.plain):
            for _ in range(2):
                machine.store.scan()
                machine.clock.sleep(120)
            machine.store.verify([machine.sd])

    def describe(self, machine: BucketMachine) -> dict[str, object]:
        """What is believed of each name."""
        rows = {name: machine.row(name.removeprefix("media/")) for name in self.names}
        return {
            name: row and (row.state, row.image_id, row.absent_since is None) for name, row in rows.items()
        }


@pytest.mark.parametrize("number", range(3))
def test_notices_change_nothing_but_the_delay(tmp_path: Path, s3_server: S3Server, number: int) -> None:
    """Whatever happens in a bucket, and whatever is told of it: after the next scans, a machine that was told
    believes what one believes that was not. A notice alone never makes an image missing.
    """
    other = s3_server.make_place()
    other.put("SD_ID", b"11111111-1111-4111-8111-111111111111\n")
    for data in PICTURES[:2]:
        other.put(f"media/{name_of(data)}", data)
    rng = random.Random(get_seed() * 10 + number)
    with (
        open_bucket_machine(tmp_path / "told", s3_server, other, clock=FakeClock()) as told,
        open_bucket_machine(tmp_path / "plain", s3_server, other, clock=FakeClock()) as plain,
    ):
        for machine in (told, plain):
            machine.store.add_storage_dir(other.address)
        world = World(told, plain, rng)
        for _ in range(4):
            for _ in range(rng.randint(1, 4)):
                world.act()
                world.tell()
            before = [kind for kind, _ in told.told()]
            world.tell()
            assert "missing" not in [kind for kind, _ in told.told()][len(before) :], (
                "no notice proves absence"
            )
            world.settle()
            assert world.describe(told) == world.describe(plain)
