"""A share that hangs costs the time limit once, not each time, and hides nothing that is elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from builders.machine import open_machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from fault_kit.hard_disks import run_beside_hung_share
from strandline.services.proving.prove import Outcome

LIMIT_S = 1.0
ALL_LIMITS_S = 10.0
"""Far less than if each of the 27 calls waited for :data:`LIMIT_S`, and far more than they take."""

BOTH, THERE, NOWHERE = (make_picture("png", seed=seed) for seed in (1, 2, 3))

ASKING = """
import json, sys, time
from strandline import open_store
from strandline.errors import StrandlineError
home, limit_s, both, there, nowhere = sys.argv[1:]

def ask(what, call):
    start = time.monotonic()
    try:
        result = call()
    except StrandlineError as error:
        result = error.code
    print(json.dumps([what, time.monotonic() - start, result]), flush=True)

with open_store(home, overrides={"read.io_timeout_s": float(limit_s)}) as store:
    ask("get", lambda: store.get(both, "share").sd.name)
    for _ in range(20):
        ask("again", lambda: store.get(both, "share").sd.name)
    ask("only there", lambda: store.get(there).sd.name)
    ask("nowhere", lambda: store.get(nowhere).sd.name)
    ask("exists", lambda: store.exists(both, "share"))
    ask("explain", lambda: store.explain(there).verdict)
    ask("list", lambda: [sd.state for sd in store.refresh_storage_dirs()])
    ask("save", lambda: store.save(sys.executable, sd="share").image_id)
"""

PROVING = """
import json, math, sys
from pathlib import Path
from builders.machine import open_machine
from strandline.folders.filesystems import Mount, MountKind
from strandline.services.proving.prove import prove_file
from strandline.services.workbench import Limits
folder, filename = sys.argv[1:]
with open_machine(Path(folder), limits=Limits(fetch_timeout_s=0.2)) as machine:
    [cloud] = machine.list_storage_dirs()
    mount = Mount(Path(folder), "fuse.cloud", MountKind.FUSE, keeps_inodes=True, read_only=False)
    machine.bench._mounts[cloud.path] = (mount, math.inf)
    result = prove_file(machine.bench, cloud, filename)
    print(json.dumps([result.outcome, result.row, result.reason]), flush=True)
"""

LISTING = """
import json, math, sys, time
from pathlib import Path
from builders.machine import open_machine
from strandline.folders.filesystems import Mount, MountKind
from strandline.services.inspecting.inspect import inspect_storage_dir
from strandline.services.proving.arrivals import look_at_arrival
from strandline.services.scanning.scan import scan_storage_dir
from strandline.services.workbench import Limits
folder, filename = sys.argv[1:]
with open_machine(Path(folder), limits=Limits(fetch_timeout_s=0.2)) as machine:
    [cloud] = machine.list_storage_dirs()
    mount = Mount(Path(folder), "fuse.cloud", MountKind.FUSE, keeps_inodes=True, read_only=False)
    machine.bench._mounts[cloud.path] = (mount, math.inf)
    bench = machine.bench
    start = time.monotonic()
    print(json.dumps({
        "scan": [finding.kind for finding in scan_storage_dir(bench, cloud).findings],
        "scan again": [finding.kind for finding in scan_storage_dir(bench, cloud).findings],
        "inspect": [finding.kind for finding in inspect_storage_dir(bench, cloud).problems],
        "arrival": look_at_arrival(bench, cloud, filename),
        "seconds": time.monotonic() - start,
    }), flush=True)
"""


def test_a_hung_share_costs_its_limit_once(tmp_path: Path) -> None:
    """The image is found in the other SD, the share is offline, and no file counts as missing."""
    with open_machine(tmp_path) as machine:
        share = machine.add("share", BOTH, THERE)
        machine.add("disk", BOTH)
        machine.get(id_of(BOTH), share)
        row = machine.row(share, name_of(THERE))
    ids = [id_of(data) for data in (BOTH, THERE, NOWHERE)]
    said = run_beside_hung_share(Path(share.path), ASKING, str(tmp_path / "home"), str(LIMIT_S), *ids)
    answers: list[tuple[str, float, Any]] = [tuple(json.loads(line)) for line in said.splitlines()]
    assert [result for what, _, result in answers if what == "again"] == ["disk"] * 20
    results = {what: result for what, _, result in answers}
    assert results == {
        "get": "disk",
        "again": "disk",
        "only there": "image-unreachable",
        "nowhere": "image-unreachable",
        "exists": True,
        "explain": "sd-offline",
        "list": ["offline", "online"],
        "save": "sd-offline",
    }
    first, *others = [seconds for _, seconds, _ in answers]
    assert first >= LIMIT_S
    assert sum(others) < ALL_LIMITS_S
    with open_machine(tmp_path) as machine:
        assert machine.row(share, name_of(THERE)) == row
        assert machine.get(id_of(THERE)).sd.number == share.number


def test_a_download_that_does_not_come_is_given_up(tmp_path: Path) -> None:
    """Reading a placeholder may fetch it: after the limit it is unreadable, and no row changes (H20)."""
    with open_machine(tmp_path) as machine:
        cloud = machine.add("cloud", BOTH)
        row = machine.row(cloud, name_of(BOTH))
    said = run_beside_hung_share(machine.media(cloud), PROVING, str(tmp_path), name_of(BOTH))
    outcome, row_told, reason = json.loads(said)
    assert (outcome, row_told) == (Outcome.UNREADABLE, None)
    assert "no answer within 0.2 s" in reason
    with open_machine(tmp_path) as machine:
        assert machine.row(cloud, name_of(BOTH)) == row


def test_a_media_folder_that_hangs_is_given_up(tmp_path: Path) -> None:
    """``SD_ID`` can be read, ``media/`` hangs: a scan, an inspection, and an arrival end without a conclusion."""
    with open_machine(tmp_path) as machine:
        cloud = machine.add("cloud", BOTH)
        row = machine.row(cloud, name_of(BOTH))
    said = json.loads(run_beside_hung_share(machine.media(cloud), LISTING, str(tmp_path), name_of(BOTH)))
    assert said.pop("seconds") < ALL_LIMITS_S
    assert said == {
        "scan": ["unreadable", "suspect"],
        "scan again": ["unreadable", "suspect"],
        "inspect": ["unreadable"],
        "arrival": "scan-soon",
    }
    with open_machine(tmp_path) as machine:
        assert machine.row(cloud, name_of(BOTH)) == row
