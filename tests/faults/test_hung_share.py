"""A share that hangs costs the time limit once, not each time, and hides nothing that lies elsewhere."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

from builders.hard_disks import hung_share, may_mount_fuse
from builders.machine import open_machine
from builders.pictures import make_picture
from builders.storage import id_of, name_of
from strandline.folders.filesystems import Mount, MountKind
from strandline.services.prove import Outcome, prove_file
from strandline.services.workbench import Limits

LIMIT_S = 1.0

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
    ask("list", lambda: [sd.state for sd in store.list_storage_dirs()])
    ask("save", lambda: store.save(sys.executable, sd="share").image_id)
"""

if may_mount_fuse():  # elsewhere the time limits' own tests, with calls that wait, have to do

    def test_a_hung_share_costs_its_limit_once(tmp_path: Path) -> None:
        """The image is found in the other SD, the share is offline, and nothing is taken for missing."""
        with open_machine(tmp_path) as machine:
            share = machine.add("share", BOTH, THERE)
            machine.add("disk", BOTH)
            machine.get(id_of(BOTH), share)
            row = machine.row(share, name_of(THERE))
        with hung_share(Path(share.path)):
            answers = _ask(tmp_path / "home")
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
        assert sum(others) < LIMIT_S
        with open_machine(tmp_path) as machine:
            assert machine.row(share, name_of(THERE)) == row
            assert machine.get(id_of(THERE)).sd.number == share.number

    def test_a_download_that_does_not_come_is_given_up(tmp_path: Path) -> None:
        """Reading a placeholder may fetch it: after the limit it is unreadable now, and no row says more (H20)."""
        with open_machine(tmp_path, limits=Limits(fetch_timeout_s=0.2)) as machine:
            cloud = machine.add("cloud", BOTH)
            row = machine.row(cloud, name_of(BOTH))
            mount = Mount(tmp_path, "fuse.cloud", MountKind.FUSE, keeps_inodes=True, read_only=False)
            machine.bench._mounts[cloud.path] = (mount, math.inf)
            with hung_share(machine.media(cloud)):
                result = prove_file(machine.bench, cloud, name_of(BOTH))
            assert (result.outcome, result.row) == (Outcome.UNREADABLE, None)
            assert "no answer within 0.2 s" in result.reason
            assert machine.row(cloud, name_of(BOTH)) == row


def _ask(home: Path) -> list[tuple[str, float, Any]]:
    ids = [id_of(data) for data in (BOTH, THERE, NOWHERE)]
    run = subprocess.run(
        [sys.executable, "-c", ASKING, str(home), str(LIMIT_S), *ids],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return [tuple(json.loads(line)) for line in run.stdout.splitlines()]
