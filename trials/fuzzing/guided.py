"""One target in one process, driven by libFuzzer: ``python -m trials.fuzzing.guided TARGET [libFuzzer's arguments]``.

What surprises: Strandline is imported only here, under a hook that makes it report which of its branches run.
"""

from __future__ import annotations

import importlib
import shlex
import sys


def main() -> None:
    """Does not return: libFuzzer ends the process."""
    target, *arguments = sys.argv[1:]
    atheris = importlib.import_module("atheris")  # not on every system, see requirements/dev.in
    with atheris.instrument_imports(include=["strandline"]):
        targets = importlib.import_module("trials.fuzzing.targets")

    def check(data: bytes) -> None:
        try:
            targets.TARGETS[target].check(data)
        except BaseException:
            # libFuzzer keeps it in a file, but a process that ends badly does not reach that.
            print(f"this input failed: {data!r}", file=sys.stderr, flush=True)
            raise

    # libFuzzer starts itself again with this command when it merges.
    itself = f"{shlex.quote(sys.executable)} -m trials.fuzzing.guided {target}"
    atheris.Setup([itself, *arguments], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
