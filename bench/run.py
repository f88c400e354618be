"""``make bench``: a table of each operation, its bare job, and what people would use instead.

Options: ``make bench BENCH='--files 10000 --only saves'``. Compare ratios within one run only: milliseconds depend on
the machine. Runs on Linux, with git, find, and vipsthumbnail.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shlex
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.arrivals import measure_arrivals
from bench.care import measure_care
from bench.http import measure_http
from bench.lookups import measure_lookups
from bench.material import build_world
from bench.memory import format_peaks, measure_memory
from bench.notes import measure_notes
from bench.saves import measure_saves
from bench.scanning import measure_scanning
from bench.start_up import measure_start_up
from bench.thumbnails import measure_thumbnails
from bench.timing import Result, format_table
from bench.uploads import measure_uploads
from strandline.folders.filesystems import find_mount

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured -->\n", "<!-- end -->\n"
MILLION = 1_000_000
SCALE_OUT, ROWS = "scale-out", "rows"
"""Not among the topics: they need PostgreSQL (and an object store), and say nothing of a folder."""

TOPICS = {
    "scanning": measure_scanning,
    "lookups": measure_lookups,
    "saves": measure_saves,
    "care": measure_care,
    "arrivals": measure_arrivals,
    "start-up": measure_start_up,
    "thumbnails": measure_thumbnails,
    "http": measure_http,
    "uploads": measure_uploads,
    "notes": measure_notes,
}


def main() -> None:
    """Measures what the command line asks for, and prints it."""
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="strandline-bench-", dir=options.dir) as folder:
        work = Path(folder).resolve()
        parts = [_describe_machine(work)]
        if SCALE_OUT in options.only:
            from bench.scale_out import measure_scale_out  # here: it needs the servers of the tests

            parts += [
                "### Many workers",
                measure_scale_out(work / SCALE_OUT, options.objects, delay_ms=options.delay_ms),
            ]
        if ROWS in options.only:
            from bench.rows import measure_rows

            parts += ["### Many rows", measure_rows(work, options.rows)]
        topics = [topic for topic in options.only if topic in TOPICS]
        for files in options.files if topics else ():
            results = []
            for result in _measure(work / str(files), files, options.repeat, topics):
                results.append(result)
                print(f"{files:,} files: {result.name}", file=sys.stderr, flush=True)
            parts += [f"### {files:,} files", format_table(results)]
        if options.million:
            parts += ["### Memory", format_peaks(measure_memory(work, MILLION))]
    text = "\n\n".join(parts) + "\n"
    print(text)
    if options.write:
        _write(text)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--files", type=lambda text: [int(part) for part in text.split(",")], default=[10_000],
        help="sizes of the storage directory, with commas between them (default: 10000)",
    )  # fmt: skip
    parser.add_argument(
        "--repeat", type=int, default=5, help="rounds; medians are taken over them (default: 5)"
    )
    parser.add_argument(
        "--only", choices=[*TOPICS, SCALE_OUT, ROWS], action="append", help="one topic; may be repeated"
    )
    parser.add_argument(
        "--objects",
        type=int,
        default=4_000,
        help="of scale-out, which runs only if asked for (default: 4000)",
    )
    parser.add_argument(
        "--rows",
        type=int,
        default=1_000_000,
        help="of rows, which runs only if asked for; 10000000 need 20 GB and half an hour (default: 1000000)",
    )
    parser.add_argument(
        "--delay-ms", type=float, default=15.0, help="of each request in scale-out (default: 15)"
    )
    parser.add_argument("--million", action="store_true", help="also the memory that a million files take")
    parser.add_argument("--dir", type=Path, help="where to work: on the disk that is to be measured")
    parser.add_argument("--write", action="store_true", help=f"put the result into docs/{DOCUMENT.name}")
    options = parser.parse_args()
    options.only = options.only or list(TOPICS)
    return options


def _measure(work: Path, files: int, rounds: int, topics: list[str]) -> Iterator[Result]:
    work.mkdir()
    world = build_world(work, files)
    for topic in topics:
        yield from TOPICS[topic](world, rounds)


def _describe_machine(work: Path) -> str:
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return "\n".join(
        [
            f"- `{shlex.join(['python', '-m', 'bench.run', *sys.argv[1:]])}`, {datetime.now(UTC):%Y-%m-%d}",
            f"- {_name_processor()}, {os.cpu_count()} cores{load}; {platform.system()} {platform.release()}",
            f"- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {find_mount(work).fstype}",
        ]
    )


def _name_processor() -> str:
    table = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*: (.+)$", table.read_text(), re.MULTILINE) if table.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def _write(text: str) -> None:
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
