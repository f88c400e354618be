"""Temporaries: what a crash leaves, and what is cleaned up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.save_places import NAME, new_place
from strandline.errors import DiskError
from strandline.folders.temporaries import TEMPORARY_NAME, remove_own_temporaries

KILLED = """
import io, os, signal, sys
from pathlib import Path
from strandline.folders.saving import write_whole
from strandline.folders.temporaries import Way

class Killing(io.BytesIO):
    def read(self, size=-1):
        if self.tell():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(1000)

root = Path(sys.argv[1])
write_whole(root / "media", sys.argv[2], Killing(bytes(5000)), scratch=root / "scratch", ways=[Way(sys.argv[3])])
"""


@pytest.mark.parametrize(
    ("way", "left_in_media", "left_in_scratch"), [("unnamed", 0, 0), ("scratch", 0, 1), ("hidden", 1, 1)]
)
def test_after_a_crash_nothing_has_the_wanted_name(
    tmp_path: Path, way: str, left_in_media: int, left_in_scratch: int
) -> None:
    """After a kill in the middle of a write, only temporaries remain. They are removed when they are a day old."""
    place = new_place(tmp_path)
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path, NAME, way], timeout=30)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(place.media.iterdir())) == left_in_media
    assert len(list(place.scratch.iterdir())) == left_in_scratch
    assert all(TEMPORARY_NAME.fullmatch(name) for name in place.names())
    for hours, is_clean in (23, left_in_scratch == 0), (25, True):
        now = datetime.now(UTC) + timedelta(hours=hours)
        remove_own_temporaries(place.media, scratch=place.scratch, now=now)
        remove_own_temporaries(place.scratch, scratch=place.scratch, now=now)
        assert (place.names() == set()) is is_clean


def test_cleaning_up_touches_nothing_else(tmp_path: Path) -> None:
    """Other names, links, folders, and temporaries of other machines stay, however old."""
    place = new_place(tmp_path)
    digits = "0123456789abcdef" * 2
    ours, theirs = f".~{digits}.tmp", f".~{digits[::-1]}.tmp"
    for name in (
        ours,
        theirs,
        f".~{digits}",
        f".~{digits.upper()}.tmp",
        f"x.~{digits}.tmp",
        ".~lock.tmp",
        NAME,
    ):
        (place.media / name).write_bytes(b"x")
    link, folder = f".~{'0' * 32}.tmp", f".~{'1' * 32}.tmp"
    (place.media / link).symlink_to(NAME)
    (place.media / folder).mkdir()
    for name in (ours, link, folder):
        (place.scratch / name).touch()
    before = {path.name for path in place.media.iterdir()}
    late = datetime.now(UTC) + timedelta(days=400)
    assert remove_own_temporaries(place.media, scratch=place.scratch, now=late) == (ours,)
    assert {path.name for path in place.media.iterdir()} == before - {ours}
    assert not (place.scratch / ours).exists()
    assert remove_own_temporaries(place.media, scratch=place.scratch, now=late) == ()


def test_a_temporary_with_an_old_mtime_is_young_if_it_has_just_come(tmp_path: Path) -> None:
    """Its mtime may be a copied one, so the time of its last change of any kind counts, too."""
    place = new_place(tmp_path)
    path = place.scratch / f".~{'0' * 32}.tmp"
    path.touch()
    os.utime(path, (0, 0))
    assert remove_own_temporaries(place.scratch, scratch=place.scratch, now=datetime.now(UTC)) == ()
    with pytest.raises(DiskError, match="cannot list"):
        remove_own_temporaries(tmp_path / "gone", scratch=place.scratch, now=datetime.now(UTC))
