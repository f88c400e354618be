"""``python -m trials.fuzzing [TARGET…] --minutes 60``: fuzzes the targets, one after another, so long each.

An input that fails is put into the corpus, where the tests replay it from then on. ``--keep`` also adds what reached
new code, minimised.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from trials.fuzzing.runs import fuzz, merge
from trials.fuzzing.targets import CORPUS, TARGETS


def main() -> None:
    """Exit status 1 if any target failed."""
    parser = argparse.ArgumentParser(prog="python -m trials.fuzzing", description=__doc__)
    parser.add_argument(
        "targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; else all of them"
    )
    parser.add_argument("--minutes", type=float, default=60, help="for each target (default: 60)")
    parser.add_argument("--keep", action="store_true", help="keep what reached new code in the corpus")
    asked = parser.parse_args()
    unknown = set(asked.targets) - TARGETS.keys()
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    failed = [
        name for name in asked.targets or TARGETS if not _fuzz_and_tell(name, asked.minutes, asked.keep)
    ]
    if failed:
        sys.exit(f"failed: {', '.join(failed)}; the inputs lie in {CORPUS}")


def _fuzz_and_tell(name: str, minutes: float, keep: bool) -> bool:
    """Prints a line, and what the fuzzer said where it found something; True where it found nothing."""
    known = CORPUS / name
    known.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="strandline-fuzzing-") as folder:
        began_s = time.monotonic()
        run = fuzz(name, Path(folder), seconds=round(minutes * 60))
        verdict = "ok" if run.passed else "FAILED"
        took_min = (time.monotonic() - began_s) / 60
        print(f"{name:16} {took_min:6.1f} min {run.inputs:>12,} inputs  {verdict}", flush=True)
        if not run.passed:
            print(run.said[-4000:])
        for path in run.failures:
            shutil.copy(path, known)
        if keep:
            merge(name, known, run)
    return run.passed


if __name__ == "__main__":
    main()
