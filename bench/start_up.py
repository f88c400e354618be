"""Start-up: the command line as people experience it, one process per command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.material import World
from bench.timing import Operation, Result, Target, measure
from strandline import open_store

CALLS = 3


def measure_start_up(world: World, rounds: int) -> Iterator[Result]:
    """``--help``, and one request to a large catalog, as people type them, in comparison with an idle interpreter."""
    with open_store(world.home) as store:
        image_id = store.list_images().images[0].image_id
    environment = _environment(world)
    program = str(Path(sys.executable).with_name("strandline"))

    def run(*command: str) -> None:
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)

    def start(*command: str) -> Callable[[None], None]:
        return lambda _: run(*command)

    for arguments, target in (
        (("--help",), Target(ratio=4.5, median_s=0.150)),
        (("exists", image_id), Target(ratio=8, median_s=0.200)),
    ):
        yield measure(
            Operation(
                f"strandline {arguments[0]}", lambda _number: None, start(program, *arguments),
                start(sys.executable, "-c", "pass"), "python -c pass", target, calls=CALLS,
            ),
            rounds,
        )  # fmt: skip


def _environment(world: World) -> dict[str, str]:
    """With compiled modules, as in an installation, whatever this environment says."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **kept,
        "PYTHONPYCACHEPREFIX": str(world.work / "compiled"),
        "STRANDLINE_HOME": str(world.home),
    }
