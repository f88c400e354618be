"""After everything was healed, no image that is whole within a machine's reach is bad (issue 12, 3).

Within reach is what the machine's folders and its trash contain. What is right is computed here, from the bytes.
"""

from __future__ import annotations

import hashlib
import stat
from typing import TYPE_CHECKING

from stateful.deeds import check
from stateful.pool import id_of_bytes
from stateful.replica import MEDIA
from stateful.world import list_file_names
from strandline.model.storage_dirs import StorageDirState

if TYPE_CHECKING:
    from stateful.machine import Machine
    from strandline.model.verification import VerifyReport


def check_healed(machine: Machine, report: VerifyReport) -> None:
    """Checks it for the images of folders that were verified, and may be written to."""
    hashes = _list_within_reach(machine)
    for sd in {finding.sd.number: finding.sd for finding in report.findings}.values():
        label = machine.find_label(sd)
        now = next((each for each in machine.list_known() if each.number == sd.number), sd)
        if label is None or now.read_only or now.state is not StorageDirState.ONLINE:
            continue
        replica = machine.replicas[label]
        if not replica.is_whole or machine.laws.has_twin(label):
            continue
        for finding in report.findings:
            name = finding.path.removeprefix(f"{MEDIA}/").lower()
            image_id = name.partition(".")[0]
            if finding.sd.number != sd.number or len(image_id) != 32 or name not in list_file_names():
                continue
            data = replica.read(finding.path)
            is_bad = data is not None and id_of_bytes(data) != image_id
            is_whole_somewhere = any(each.startswith(image_id) for each in hashes)
            check(
                not (is_bad and is_whole_somewhere),
                "healed",
                f"{label}/{finding.path} is bad, and whole elsewhere",
            )


def _list_within_reach(machine: Machine) -> set[str]:
    """The hashes of the bytes in the folders that are online, and in the trash."""
    found = {kept.sha256 for kept in machine.laws.list_trash().values()}
    for sd in machine.list_known():
        label = machine.find_label(sd)
        if label is None or sd.state is not StorageDirState.ONLINE:
            continue
        replica = machine.replicas[label]
        for key, seen in replica.look().items():
            if key.startswith(f"{MEDIA}/") and stat.S_ISREG(seen.mode) and is_found(key):
                found.add(hashlib.sha256(replica.read(key) or b"").hexdigest())
    return found


def is_found(key: str) -> bool:
    """Whether the file is an image's, or a conflict copy of one."""
    name = key.removeprefix(f"{MEDIA}/").lower()
    return name in list_file_names() or "conflict" in name
