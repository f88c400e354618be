"""What an operation runs that is not the command line itself: programs as text."""

from __future__ import annotations

WITH_A_CLOCK = """
import sys
from pathlib import Path
from builders.machine import open_machine
from strandline.cli.exit_status import exit_status_of
from strandline.errors import StrandlineError
from strandline.services.storage_dirs.add import add_storage_dir
folder, root = map(Path, sys.argv[1:])
try:
    with open_machine(folder) as machine:
        for warning in add_storage_dir(machine.bench, root).identity.warnings:
            print("strandline:", warning, file=sys.stderr)
except StrandlineError as error:
    print("strandline:", error.message, file=sys.stderr)
    status = exit_status_of(error)
"""

WITH_THE_LIBRARY = """
import sys
from strandline import open_store
from strandline.cli.exit_status import exit_status_of
from strandline.errors import StrandlineError
home, method, *arguments = sys.argv[1:]
try:
    with open_store(home) as store:
        getattr(store, method)(*arguments)
except StrandlineError as error:
    print("strandline:", error.message, file=sys.stderr)
    status = exit_status_of(error)
"""

SAVE_SEVERAL = """
import sys
from pathlib import Path
from strandline import NewImage, open_store
from strandline.cli.exit_status import exit_status_of
from strandline.errors import StrandlineError
home, sources = sys.argv[1:]
images = [NewImage(path.read_bytes(), path.name) for path in sorted(Path(sources).iterdir())]
try:
    with open_store(home) as store:
        results = store.save_several(images, sd="one")
    errors = [result for result in results if isinstance(result, StrandlineError)]
    for error in errors:
        print("strandline:", error.message, file=sys.stderr)
    status = (exit_status_of(errors[0]) if len(errors) == len(results) else 1) if errors else 0
except StrandlineError as error:
    print("strandline:", error.message, file=sys.stderr)
    status = exit_status_of(error)
"""
