"""Scaling out: how fast 1, 2, 4, and 8 workers prove the objects of a bucket behind a slow network.

PostgreSQL, the object store, the proxy that delays each request, and all workers run on this machine. So the ratios
say how well the work is divided, and where its processors end. For each number of workers, there is a catalog of its
own, in which every object is registered and none is proven. The time runs from the moment when all workers wait for
work.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from builders.bucket_machine import BucketMachine, open_bucket_machine
from builders.pictures import make_picture
from builders.postgres import Server, started
from builders.program import command_line
from builders.s3_server import OtherProgram, S3Server, run_s3_server
from strandline.model.image_ids import content_id_of
from strandline.model.values import dataclass
from strandline.model.work import WorkKind, WorkState
from strandline.services.scanning.scan import scan_storage_dir

WORKERS = (1, 2, 4, 8)
TARGETS = {2: 1.7, 4: 2.8, 8: 4.0}
"""Times as fast as one worker (issue 13)."""
DELAY_MS = 15.0
PARTS = 32
"""Enough that eight workers end at about the same time."""
OBJECT_BYTES = 20_000
LIMIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Run:
    """One number of workers."""

    workers: int
    objects: int
    seconds: float
    killed: int = 0
    """In the middle."""

    @property
    def per_second(self) -> float:
        """Objects."""
        return self.objects / self.seconds


def measure_scale_out(
    folder: Path, objects: int, *, delay_ms: float = DELAY_MS, workers: Sequence[int] = WORKERS
) -> str:
    """Measures, checks that each object was proven and told exactly once, and gives the table."""
    runs: list[Run] = []
    with ExitStack() as stack:
        (folder / "s3").mkdir(parents=True)
        postgres = stack.enter_context(started("max_connections = 200\n"))
        s3 = stack.enter_context(run_s3_server(folder / "s3"))
        os.environ.update(s3.environment)
        slow = stack.enter_context(run_slow_proxy(s3.endpoint, delay_ms))
        place = s3.make_place()
        _upload(place, objects)
        for number in workers:
            runs.append(_run(folder, postgres, s3, place, slow, number, objects))
            print(f"{number} workers: {runs[-1].per_second:,.0f} objects/s", file=sys.stderr, flush=True)
        bare = _run(folder, postgres, s3, place, s3.endpoint, 1, objects)
        bare_two = _run(folder, postgres, s3, place, s3.endpoint, 2, objects)
        killed = _run(folder, postgres, s3, place, slow, max(workers), objects, kill=3)
    return _format(runs, [bare, bare_two], killed, delay_ms)


def _upload(place: OtherProgram, objects: int) -> None:
    """Different pictures of one size: a PNG, and a number after its end."""
    picture = make_picture("png", size=(64, 64))
    place.put("SD_ID", b"6f9fbcd0-0130-4b6e-bf12-9ced4bd366b3\n")

    def put(number: int) -> None:
        data = picture + number.to_bytes(8, "big") + bytes(max(OBJECT_BYTES - len(picture) - 8, 0))
        place.put(f"media/{content_id_of(_sha256(data))}.png", data)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(put, range(objects)))


def _sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def _run(
    folder: Path,
    postgres: Server,
    s3: S3Server,
    place: OtherProgram,
    endpoint: str,
    number: int,
    objects: int,
    *,
    kill: int = 0,
) -> Run:
    url = postgres.make_database()
    homes = Path(tempfile.mkdtemp(dir=folder))
    overrides: dict[str, int | float | str] = {"work.images_per_part": max(objects // PARTS, 10)}
    with open_bucket_machine(homes / "own", s3, place, catalog_url=url, overrides=overrides) as machine:
        store = machine.store
        sd = store.add_storage_dir(place.address, scan=False).sd
        scan_storage_dir(store.bench, sd, prove_arrivals=False)
        task = store.work.add(WorkKind.PROVE, sd)
        store.work.pause(task.id)
        with _workers(homes, url, endpoint, number) as processes:
            left = processes[:kill]
            begun_s = time.monotonic()
            store.work.resume(task.id)
            while (now := store.work.get_task(task.id)).is_open:
                assert time.monotonic() - begun_s < LIMIT_S, "the workers do not come to an end"
                while left and now.done > objects / 3:
                    left.pop().kill()
                time.sleep(0.02)
            seconds = time.monotonic() - begun_s
        assert now.state is WorkState.FINISHED, now
        _check(machine, objects)
    assert not left, "it was over before anybody could be killed"
    return Run(number, objects, seconds, kill)


def _check(machine: BucketMachine, objects: int) -> None:
    """Each object is told once, and the numbers have no gap."""
    numbers: list[int] = []
    names: Counter[str] = Counter()
    after = 0
    while events := machine.store.events(since=after, limit=10_000):
        numbers += [event.seq or 0 for event in events]
        names.update(event.filename for event in events if hasattr(event, "filename"))
        after = numbers[-1]
    assert len(names) == objects
    assert set(names.values()) == {1}
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@contextmanager
def _workers(homes: Path, url: str, endpoint: str, number: int) -> Iterator[list[subprocess.Popen[str]]]:
    environment = {
        **os.environ,
        "STRANDLINE_CATALOG_URL": url,
        "STRANDLINE_S3_ENDPOINT": endpoint,
        "STRANDLINE_WORK_SCAN_EVERY_S": "0",
        "STRANDLINE_WORK_STALLED_AFTER_S": "5",
    }
    processes = [
        subprocess.Popen(
            command_line("--home", str(homes / f"worker-{each}"), "work", "--concurrency", "1"),
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        for each in range(number)
    ]  # fmt: skip
    try:
        for process in processes:
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], 60)[0]
            assert "is at work" in process.stdout.readline()
        yield processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.communicate(timeout=60)


def _format(runs: Sequence[Run], bare: Sequence[Run], killed: Run, delay_ms: float) -> str:
    one = runs[0].per_second
    rows = ["| workers | objects/s | times one worker | target |", "|---|---|---|---|"]
    for run in runs:
        target = f"≥ {TARGETS[run.workers]}" if run.workers in TARGETS else ""
        rows.append(f"| {run.workers} | {run.per_second:,.0f} | {run.per_second / one:.2f} | {target} |")
    rows += [
        f"| {run.workers}, without the delay: the ceiling of this machine | {run.per_second:,.0f} | "
        f"{run.per_second / one:.2f} | |"
        for run in bare
    ]
    rows.append(
        f"| {killed.workers}, {killed.killed} of them killed in the middle | {killed.per_second:,.0f} | "
        f"{killed.per_second / one:.2f} | each object told once, no gap |"
    )
    head = f"{runs[0].objects:,} objects of {OBJECT_BYTES // 1000} kB, each request {delay_ms:g} ms late"
    return "\n".join([head, "", *rows])


# --- the slow network -----------------------------------------------------------------------------------------


@contextmanager
def run_slow_proxy(endpoint: str, delay_ms: float) -> Iterator[str]:
    """A proxy in front of the object store, in a process of its own. Each request arrives so much later."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.scale_out", "--proxy", urlsplit(endpoint).netloc, str(delay_ms)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        found = re.fullmatch(r"(\d+)\n", process.stdout.readline())
        assert found is not None
        yield f"http://127.0.0.1:{found[1]}"
    finally:
        process.kill()
        process.communicate()


async def _serve_slowly(upstream: str, delay_s: float) -> None:
    host, _, port = upstream.partition(":")

    async def pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter, wait_s: float) -> None:
        try:
            while data := await source.read(1 << 20):
                if wait_s:
                    await asyncio.sleep(wait_s)
                target.write(data)
                await target.drain()
        except ConnectionError:
            pass
        finally:
            target.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        real_reader, real_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pass_on(reader, real_writer, delay_s), pass_on(real_reader, writer, 0.0))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """The proxy."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale_out")
    parser.add_argument("--proxy", nargs=2, required=True)
    upstream, delay_ms = parser.parse_args().proxy
    asyncio.run(_serve_slowly(upstream, float(delay_ms) / 1000))


if __name__ == "__main__":
    main()
