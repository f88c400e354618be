"""Two scans of one storage directory at once: the daemon's own and a requested one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from builders.storage import make_pictures, make_storage_dir, open_bench
from strandline.model.storage_dirs import StorageDir
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.storage_dirs.add import add_storage_dir

LIMIT_S = 20


def test_the_work_is_done_once(home: Path, tmp_path: Path) -> None:
    """The second scan waits for the first, and has nothing to do."""
    root = make_storage_dir(tmp_path / "Notes", *make_pictures(20))
    with open_bench(home) as bench, ThreadPoolExecutor() as threads:
        sd = add_storage_dir(bench, root, scan=False).sd
        scans = [threads.submit(scan_storage_dir, bench, sd) for _ in range(3)]
        reports = [scan.result(LIMIT_S) for scan in scans]
    assert sorted((report.added, report.unchanged) for report in reports) == [(0, 20), (0, 20), (20, 0)]


def test_one_that_waits_can_be_cancelled(home: Path, tmp_path: Path) -> None:
    """Even while the other continues. A scan of another SD does not wait."""
    root, other = (make_storage_dir(tmp_path / name) for name in ("Notes", "Other"))
    is_listing, go_on, cancel = threading.Event(), threading.Event(), threading.Event()

    def hold(_sd: StorageDir, _done: int, _total: int) -> None:
        is_listing.set()
        assert go_on.wait(LIMIT_S)

    with open_bench(home) as bench, ThreadPoolExecutor() as threads:
        sd, free = (add_storage_dir(bench, each, scan=False).sd for each in (root, other))
        first = threads.submit(scan_storage_dir, bench, sd, on_progress=hold)
        assert is_listing.wait(LIMIT_S)
        second = threads.submit(scan_storage_dir, bench, sd, cancel=cancel)
        assert not scan_storage_dir(bench, free).cancelled
        cancel.set()
        assert second.result(LIMIT_S).cancelled
        go_on.set()
        assert not first.result(LIMIT_S).cancelled
