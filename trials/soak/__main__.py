"""``python -m trials.soak --minutes 60``: the real daemon with arrivals and visitors; at the end, whether it leaks.

Starts ``strandline serve`` on three new storage directories. At the end every image that should be there is served
with the right bytes, the journal has no gap and announces each arrival once, the inspector's numbers add up, and
memory, descriptors, and threads are flat. Exit status 1 if one of these is false. Linux only.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import groupby
from pathlib import Path

import httpx

from strandline import open_store
from strandline.runtime.web_secrets import TOKEN_FILE
from trials.soak.arrivals import Ledger, Senders
from trials.soak.samples import Sampler, find_trends, format_trends, tell_course
from trials.soak.visitors import LIMIT_S, Visitors

FOLDERS = ("Notes", "Journal", "Wiki")

ARRIVALS_PER_S = 3.0

SETTLE_LIMIT_S = 180.0
"""Until the last arrival must be served: far more than a repeated look takes."""

STOP_LIMIT_S = 20.0

FAULTS_SHOWN = 50

SETTINGS = {
    "STRANDLINE_SCAN_PERIODIC_S": "30",
    "STRANDLINE_JOURNAL_MAX_EVENTS": "5000",
    "STRANDLINE_PICTURES_THUMBNAIL_CACHE_BYTES": str(8 * 1024 * 1024),
}
"""Rare events happen often here: scans, and the pruning of journal and cache."""


def main() -> int:
    """Runs the soak as the command line says. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m trials.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="of arrivals (default: 60)")
    parser.add_argument(
        "--seed", type=int, default=1, help="another one brings other images in another order"
    )
    parser.add_argument("--images", type=int, default=1500, help="in each folder at a time (default: 1500)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="strandline-soak-") as folder:
        faults = _soak(Path(folder).resolve(), options.minutes * 60, options.seed, options.images)
    for fault in faults[:FAULTS_SHOWN]:
        print(f"- fault: {fault}")
    print("held" if not faults else f"did not hold: {len(faults)} faults")
    return 1 if faults else 0


def _soak(work: Path, seconds: float, seed: int, images: int) -> list[str]:
    ledger = Ledger(images)
    roots = [_make_folder(work / name, ledger, number * images) for number, name in enumerate(FOLDERS)]
    with open_store(work / "home") as store:
        for root in roots:
            store.add_storage_dir(root)
        epoch = store.bench.catalog.epoch
    with _serving(work) as (process, address):
        headers = {"authorization": f"Bearer {(work / 'home' / TOKEN_FILE).read_text().strip()}"}
        visitors = Visitors(address, headers, epoch, roots, ledger, seed=seed)
        sampler = Sampler(process.pid, seconds)
        senders = Senders(roots, ledger, per_s=ARRIVALS_PER_S, seed=seed + 1)
        _wait(seconds, process)
        sampler.stop()
        senders.stop()
        with httpx.Client(base_url=address, headers=headers, timeout=LIMIT_S) as client:
            unserved = _wait_until_served(client, ledger)
            visitors.stop()
            faults = unserved + visitors.list_faults() + _list_wrong_numbers(client)
    if senders.fault is not None:
        faults.append(f"the senders stopped: {senders.fault!r}")
    faults += _list_wrongly_told(ledger, visitors) + _list_log_lines(work)
    trends = find_trends(sampler.samples)
    faults += [f"{trend.name} is not flat" for trend in trends if not trend.is_flat]
    _print_report(seconds, ledger, senders, visitors)
    print(format_trends(trends), end="\n\n")
    print("Memory, MB, at each twelfth of the time:", tell_course(sampler.samples), end="\n\n")
    return faults


def _make_folder(root: Path, ledger: Ledger, first_seed: int) -> Path:
    (root / "media").mkdir(parents=True)
    (root / "SD_ID").write_text(f"{uuid.uuid4()}\n")
    ledger.fill(root, first_seed)
    return root


@contextmanager
def _serving(work: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The daemon and its address. At the end it is told to stop, and must."""
    environment = {**os.environ, **SETTINGS, "STRANDLINE_HOME": str(work / "home")}
    command = [sys.executable, "-m", "strandline", "serve", "--port", "0"]
    with open(work / "serve.log", "w") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().strip().rstrip("/")
        process.send_signal(signal.SIGTERM)
        status = process.wait(STOP_LIMIT_S)
        assert status == 0, f"the daemon ended with status {status}"
    finally:
        process.kill()
        process.communicate()


def _wait(seconds: float, process: subprocess.Popen[str]) -> None:
    """Waits for this long, or until the daemon dies."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _wait_until_served(client: httpx.Client, ledger: Ledger) -> list[str]:
    """Requests every image until it is served with the right bytes. Returns what is wrong at the end."""
    deadline_s = time.monotonic() + SETTLE_LIMIT_S
    waiting = ledger.wanted()
    while waiting and time.monotonic() < deadline_s:
        for name, digest in list(waiting.items()):
            response = client.get(f"/i/{name.partition('.')[0]}?original=1&wait=1")
            if response.is_success and sha256(response.content).hexdigest() == digest:
                del waiting[name]
    return [f"{name} is not served" for name in waiting]


def _list_wrong_numbers(client: httpx.Client) -> list[str]:
    """Disk and catalog agree, or differ by what the inspector lists (SPEC §8)."""
    sds = client.get("/api/v1/inspect").json()["sds"]
    return [f"the numbers of {sd['name']} do not add up: {sd}" for sd in sds if not _adds_up(sd)]


def _adds_up(sd: dict[str, dict[str, int]]) -> bool:
    counts = sd["counts"]
    on_both = sd["on_disk"]["count"] - counts["on_disk_not_in_catalog"]
    is_clean = not (counts["on_disk_not_in_catalog"] or counts["damaged"] or counts["foreign"])
    return is_clean and on_both == sd["in_catalog"]["count"] - counts["in_catalog_not_on_disk"]


def _list_wrongly_told(ledger: Ledger, visitors: Visitors) -> list[str]:
    """Every file that stayed was announced, and no more often than it arrived."""
    too_often = [
        f"{name} came {ledger.comings[name]} times and was announced {told} times"
        for name, told in visitors.available.items()
        if told > ledger.comings[name]
    ]
    return too_often + [
        f"{name} was never announced" for name in ledger.wanted() if not visitors.available[name]
    ]


def _list_log_lines(work: Path) -> list[str]:
    """The daemon's log. It may mention an unplugged folder, but contain no traceback."""
    log = (work / "serve.log").read_text()
    print(f"The daemon wrote {len(log.splitlines())} lines to its log.\n", log[-2000:], sep="\n")
    return ["a traceback in the log"] if "Traceback" in log else []


def _print_report(seconds: float, ledger: Ledger, senders: Senders, visitors: Visitors) -> None:
    print(f"{seconds / 60:g} minutes, {len(FOLDERS)} storage directories:\n")
    print(f"- {sum(senders.sent.values()):,} arrivals and departures:", _tell(senders.sent.items()))
    answers = sorted(visitors.answers.items())
    print(f"- {visitors.answers.total():,} requests:")
    for kind, group in groupby(answers, key=lambda each: each[0][0]):
        print(f"  - {kind}:", _tell((status, times) for (_, status), times in group))
    print(f"- {len(visitors.numbers):,} events heard without a gap, {visitors.available.total():,} of them")
    print(f"  `image.available`; {len(ledger.wanted()):,} images served at the end\n")


def _tell(counts: Iterable[tuple[object, int]]) -> str:
    return ", ".join(f"{what} {times:,}" for what, times in counts)


if __name__ == "__main__":
    sys.exit(main())
