"""Tidying: leftovers of killed saves are removed after a day (invariant I21).

A killed program leaves its temporary, in scratch or hidden in a storage directory, where sync clients copy it around.
Only this machine's own temporaries are touched. A hidden temporary has a note in scratch. If scratch is empty, which
is nearly always, no storage directory is looked at.
"""

from __future__ import annotations

import logging
from pathlib import Path

from strandline.errors import StrandlineError
from strandline.folders.media_folder import MEDIA_FOLDER
from strandline.folders.temporaries import TEMPORARY_NAME, remove_own_temporaries
from strandline.services.storage_dirs.presence import refresh_storage_dirs
from strandline.services.workbench import Workbench

log = logging.getLogger(__name__)


def remove_leftovers(bench: Workbench) -> None:
    """Removes this home's temporaries that are older than a day. Idempotent; what a disk refuses waits for next time.

    Notes stay while any storage directory could not be cleaned: without them, its leftovers would stay for ever.
    """
    scratch, now = bench.scratch, bench.now()
    try:
        if not any(TEMPORARY_NAME.fullmatch(path.name) for path in scratch.iterdir()):
            return
        is_clean = True
        for sd in refresh_storage_dirs(bench):
            if sd.is_reachable and not sd.read_only:
                for folder in (Path(sd.path), Path(sd.path, MEDIA_FOLDER)):
                    if folder.is_dir() and not folder.is_symlink():
                        remove_own_temporaries(folder, scratch=scratch, now=now)
            else:
                is_clean = is_clean and sd.read_only
        if is_clean:
            remove_own_temporaries(scratch, scratch=scratch, now=now)
    except (OSError, StrandlineError) as error:
        log.info("leftovers of earlier saves could not be removed: %s", error)
