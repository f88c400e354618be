"""``python -m trials.fuzzing [TOPIC…] --minutes 60``: fuzzes each topic that long, as many at once as there are
cores.

A topic's targets share its time, one after another. A failing input goes into the corpus, where the tests replay it
from then on. ``--keep`` also adds inputs that reached new code, minimized.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trials.fuzzing.runs import fuzz, merge
from trials.fuzzing.targets import CORPUS, TARGETS, share_out

TOPICS = tuple(dict.fromkeys(target.topic for target in TARGETS.values()))


def main() -> None:
    """Exit status 1 if any target failed."""
    parser = argparse.ArgumentParser(prog="python -m trials.fuzzing", description=__doc__)
    parser.add_argument(
        "topics", nargs="*", metavar="TOPIC", help=f"of {', '.join(TOPICS)}; else all of them"
    )
    parser.add_argument("--minutes", type=float, default=60, help="for each topic (default: 60)")
    parser.add_argument("--keep", action="store_true", help="keep what reached new code in the corpus")
    asked = parser.parse_args()
    unknown = set(asked.topics) - set(TOPICS)
    if unknown:
        parser.error(f"there is no topic {', '.join(sorted(unknown))}")

    def fuzz_topic(topic: str) -> list[str]:
        shares = share_out(topic, asked.minutes)
        return [name for name, minutes in shares.items() if not _fuzz_and_tell(name, minutes, asked.keep)]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = [name for names in pool.map(fuzz_topic, asked.topics or TOPICS) for name in names]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{(used.ru_utime + used.ru_stime) / 60:.1f} minutes of processor time")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; the inputs lie in {CORPUS}")


def _fuzz_and_tell(name: str, minutes: float, keep: bool) -> bool:
    """Prints a line, and the fuzzer's output if it found something. True if it found nothing."""
    known = CORPUS / name
    known.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="strandline-fuzzing-") as folder:
        run = fuzz(name, Path(folder), seconds=max(1, round(minutes * 60)))
        verdict = "ok" if run.passed else f"FAILED\n{run.said[-4000:]}"
        print(f"{name:16} {minutes:6.1f} min {run.inputs:>12,} inputs  {verdict}", flush=True)
        for path in run.failures:
            shutil.copy(path, known)
        if keep:
            merge(name, known, run)
    return run.passed


if __name__ == "__main__":
    main()
