"""HTTP: how long a server keeps one client waiting while others disturb it, in comparison with the same server
when idle.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.material import World
from bench.timing import Result, Target
from builders.delays import QUESTION, measure_delays
from builders.disturbances import DISTURBANCES, serve_for_many

PHOTOS = 300
"""More than decoders can crash on in all rounds."""

SECONDS = 5.0
"""Duration of each measurement: some 200 requests. A small run takes less."""


def measure_http(world: World, rounds: int) -> Iterator[Result]:
    """The p99 of a small request under each disturbance, and right before it; one of each per round."""
    seconds = min(SECONDS, world.files / 1000)
    folder = world.work / "served"
    folder.mkdir()
    with serve_for_many(folder, min(PHOTOS, world.files)) as server:
        for name, disturbing in DISTURBANCES.items():
            result = Result(f"p99 of `GET {QUESTION}` while {name}", Target(ratio=3), "idle", "")
            for _ in range(rounds):
                result.bare.append([measure_delays(server.address, server.headers, seconds=seconds).p99_s])
                with disturbing(server):
                    result.ours.append(
                        [measure_delays(server.address, server.headers, seconds=seconds).p99_s]
                    )
            yield result
