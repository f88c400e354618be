"""Many listeners: two servers on one catalog, a thousand clients that follow events, and one server that is killed.

Every client must get every event once and in order, also those whose server is gone: they go on at the other one, as
an ``EventSource`` does. Prints how late events came, and what the servers need. Run: ``python -m trials.listeners``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx

import trials as trials  # makes the builders importable
from builders.many_servers import Running, end, start
from builders.postgres import started
from builders.s3_server import run_s3_server
from builders.storage import make_pictures
from strandline.runtime.assembly import open_store

CONNECT_AT_ONCE = 50
SETTLE_S = 60.0


@dataclass
class Client:
    """One listener, as a browser's."""

    servers: list[str]
    token: str
    last_id: str = ""
    seqs: list[int] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    connected: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Follows until it is cancelled."""
        while True:
            try:
                await self._follow(self.servers[0])
            except (OSError, asyncio.IncompleteReadError):
                pass
            self.servers = [*self.servers[1:], self.servers[0]]
            await asyncio.sleep(0.1)

    async def _follow(self, address: str) -> None:
        place = urlsplit(address)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        try:
            last = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
            writer.write(
                f"GET /api/v1/events HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {self.token}\r\n"
                f"{last}\r\n".encode()
            )
            kind = ""
            while line := await reader.readline():
                name, _, value = line.decode().strip().partition(": ")
                if name == "id":
                    self.last_id = value
                    self.connected.set()
                elif name == "event":
                    kind = value
                elif name == "data" and kind == "image.available":
                    event = json.loads(value)
                    self.seqs.append(event["seq"])
                    self.delays_s.append(time.time() - _parse(event["at"]))
                elif name == "data" and kind in ("reset", "lagged"):
                    self.surprises.append(kind)
        finally:
            writer.close()


def _parse(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


async def try_it(servers: Sequence[Running], token: str, count: int) -> int:
    """Connects the clients, saves images, kills a server, and compares. How many clients got less or more."""
    addresses = [server.address for server in servers]
    clients = [Client(addresses if number % 2 else addresses[::-1], token) for number in range(count)]
    tasks = []
    for begin in range(0, count, CONNECT_AT_ONCE):
        tasks += [asyncio.create_task(client.run()) for client in clients[begin : begin + CONNECT_AT_ONCE]]
        await asyncio.gather(
            *(client.connected.wait() for client in clients[begin : begin + CONNECT_AT_ONCE])
        )
    print(f"{count} listeners on two servers; {_say_memory(servers)}", flush=True)
    pictures = make_pictures(60)
    async with httpx.AsyncClient(timeout=60, headers={"authorization": f"Bearer {token}"}) as program:
        for number, data in enumerate(pictures):
            server = servers[1] if number >= len(pictures) // 2 else servers[number % 2]
            answer = await program.post(f"{server.address}api/v1/images?sd=Pics", content=data)
            assert answer.status_code == 201, answer.text
            if number == len(pictures) // 2 - 1:
                _say_delays("both servers", clients)
                os.kill(servers[0].process.pid, signal.SIGKILL)
        until_s = time.monotonic() + SETTLE_S
        while any(len(client.seqs) < len(pictures) for client in clients) and time.monotonic() < until_s:
            await asyncio.sleep(0.2)
        url = f"{servers[1].address}api/v1/journal"
        journal = await program.get(url, params={"type": "image.available", "limit": 500})
    _say_delays("all, with the kill", clients)
    for task in tasks:
        task.cancel()
    expected = [event["seq"] for event in journal.json()["events"]][::-1]
    wrong = [client for client in clients if client.seqs != expected or client.surprises]
    print(f"{count - len(wrong)} of {count} got all {len(expected)} events once and in order", flush=True)
    return len(wrong)


def _say_delays(what: str, clients: Sequence[Client]) -> None:
    delays = sorted(delay for client in clients for delay in client.delays_s)
    median, late = statistics.median(delays), delays[int(len(delays) * 0.99)]
    print(f"{what}: an event came after {median:.2f} s in the middle, {late:.2f} s for 99 %", flush=True)


def _say_memory(servers: Sequence[Running]) -> str:
    sizes = []
    for server in servers:
        lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
        sizes += [int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS")]
    return f"each server has {max(sizes, default=0)} MB at most"


def main() -> int:
    """Runs it. 1 if a client got less or more than it should."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--listeners", type=int, default=1000)
    count = parser.parse_args().listeners
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="strandline-listeners-")))
        (folder / "s3").mkdir()
        postgres = stack.enter_context(started())
        store_server = stack.enter_context(run_s3_server(folder / "s3"))
        environment = store_server.environment | {"STRANDLINE_CATALOG_URL": postgres.url()}
        os.environ.update(environment)
        with open_store(folder / "one") as store:
            store.add_storage_dir(store_server.make_place().address, "Pics")
            token = store.tokens.create("write").text
        servers = []
        for name in ("one", "other"):
            servers.append(start(folder / name, environment))
            stack.callback(end, servers[-1])
        return 1 if asyncio.run(try_it(servers, token, count)) else 0


if __name__ == "__main__":
    sys.exit(main())
