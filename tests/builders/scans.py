"""Short names for tests of the scan: scan, and check the results."""

from __future__ import annotations

from builders.machine import Machine
from strandline.model.events import ImageEvent
from strandline.model.image_files import FileState
from strandline.model.reports import ScanReport
from strandline.model.storage_dirs import StorageDir
from strandline.services.scanning.scan import OnProgress, scan_storage_dir

COUNTS = ("added", "changed", "absent", "missing", "returned")


def scan(machine: Machine, sd: StorageDir, on_progress: OnProgress | None = None) -> ScanReport:
    """One scan, as a command runs it."""
    return scan_storage_dir(machine.bench, sd, on_progress=on_progress)


def moves(report: ScanReport) -> dict[str, int]:
    """What the scan changed; empty if nothing."""
    return {name: count for name in COUNTS if (count := getattr(report, name))}


def kinds(report: ScanReport) -> list[str]:
    """The kinds of its findings."""
    return [finding.kind for finding in report.findings]


def told(machine: Machine) -> list[tuple[str, str]]:
    """The image events of the journal: type without ``image.``, and file name."""
    return [
        (event.type.removeprefix("image."), event.filename)
        for event in machine.events()
        if isinstance(event, ImageEvent)
    ]


def state(machine: Machine, sd: StorageDir, filename: str) -> FileState | None:
    """The file's state in the catalog."""
    row = machine.row(sd, filename)
    return None if row is None else row.state


def bytes_of_catalog(machine: Machine) -> dict[str, bytes]:
    """The catalog's files, byte by byte, including its write-ahead log."""
    home = machine.bench.home
    return {
        path.name: path.read_bytes() for path in home.glob("catalog.db*") if not path.name.endswith("-shm")
    }
