"""Writing the identity files after a decision: ``SD_ID``, ``SD_ID.was-<uuid>``, and the deletion of ``.sd-id``. And
``SD_LAYOUT``, which says on all machines what names mean.

:func:`apply_identity` carries out the steps of a decision in order and adds nothing. A write can lose a race against
a sync client or another machine's program, and that is not an error: what is read back is believed, and the caller
looks and decides again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from strandline.errors import DiskError, RefusedError
from strandline.folders.disk_errors import disk_errors
from strandline.folders.identity_files import look_at_file
from strandline.folders.layout_look import read_layout
from strandline.folders.opened_folders import open_folder
from strandline.folders.plain_identity import read_plain_identity
from strandline.folders.port import SaveMode
from strandline.folders.saving import write_whole
from strandline.model.identity.decisions import IdentityDecision, IdentityStep, StepAction
from strandline.model.identity.rules import FIXED
from strandline.model.identity.sd_ids import IDENTITY_FILE, LEGACY_IDENTITY_FILE, StorageDirId
from strandline.model.identity.sightings import former_name_of, judge_former
from strandline.model.layout_choice import LAYOUT_FILE
from strandline.model.storage_dirs import LayoutKind
from strandline.model.values import dataclass


@dataclass(frozen=True, slots=True)
class AppliedIdentity:
    """The result of carrying out a decision."""

    sd_id: StorageDirId | None
    """If ``SD_ID`` was to be written: its value, read back. Otherwise the decided identity."""
    is_as_decided: bool
    """False if another process or a sync client was faster: look and decide again."""
    warnings: tuple[str, ...] = ()
    """Sentences about what failed and will be tried again."""


def apply_identity(
    root: Path,
    decision: IdentityDecision,
    *,
    scratch: Path,
    after_step: Callable[[IdentityStep], None] = lambda _: None,
) -> AppliedIdentity:
    """Carries out a decision step by step. A decision without steps touches nothing.

    Durable and atomic: at any moment ``SD_ID`` is whole, either the old or the new one. Idempotent. Conflict copies
    are never touched, and only regular files are ever replaced.

    Args:
        root: The storage directory; not a link.
        decision: From ``decide_identity``. One that waits for quiet has no steps.
        scratch: A folder for temporaries in STRANDLINE_HOME; need not exist.
        after_step: Called after each step. If it raises, the work ends there.

    Raises:
        DiskFullError: No space or quota is left. As after every error, ``SD_ID`` is unchanged.
        UnwritableFolderError: The folder is read-only, or this user may not write there.
        DiskError: The disk refused for another reason.
        RefusedError: The value to be replaced cannot be kept, because its name is taken by something else.
    """
    warnings: list[str] = []
    for step in decision.steps:
        try:
            is_done = _carry_out(root, step, decision, scratch)
        except (DiskError, RefusedError) as error:
            if not step.is_best_effort:
                raise
            warnings.append(error.message)
            continue
        if not is_done:
            return AppliedIdentity(_read_back(root), False, tuple(warnings))
        after_step(step)
    found = _read_back(root) if decision.write else decision.sd_id
    return AppliedIdentity(found, found == decision.sd_id, tuple(warnings))


def _carry_out(root: Path, step: IdentityStep, decision: IdentityDecision, scratch: Path) -> bool:
    """False, and writes nothing, if the folder is no longer as it was when this was decided."""
    match step.action:
        case StepAction.KEEP:
            _keep_former(root, step.value, scratch)
            return True
        case StepAction.WRITE:
            return _write_plain(root, decision, step.value, scratch)
        case StepAction.DELETE_LEGACY:
            return _delete_legacy(root, kept=decision.aliases | {step.value}, sd_id=step.value)


def _keep_former(root: Path, value: StorageDirId, scratch: Path) -> None:
    name = former_name_of(value)
    try:
        # The only file that a lone rename could replace has the same value, because its name says so.
        write_whole(root, name, _line(value), scratch=scratch, lone_rename_allowed=lambda: True)
    except FileExistsError:
        with disk_errors("read", root / name):
            found = look_at_file(root, name)
        if found is None or judge_former(found).value != value:
            raise RefusedError(
                f"{root / name} does not contain the value in its name; wait until it has arrived, or move it away",
                path=str(root / name),
            ) from None


def _write_plain(root: Path, decision: IdentityDecision, value: StorageDirId, scratch: Path) -> bool:
    def is_as_it_was() -> bool:
        found = look_at_file(root, IDENTITY_FILE)
        if not decision.may_replace:
            return found is None
        return found is not None and found.unfit not in FIXED and found.value == decision.replaces

    mode = SaveMode.REPLACE if decision.may_replace else SaveMode.NEW
    try:
        write_whole(
            root,
            IDENTITY_FILE,
            _line(decision.spelling or value),
            scratch=scratch,
            mode=mode,
            lone_rename_allowed=is_as_it_was,
        )
    except FileExistsError:
        return False
    return True


def _delete_legacy(root: Path, *, kept: frozenset[StorageDirId], sd_id: StorageDirId) -> bool:
    """Deletes ``.sd-id`` if ``SD_ID`` has the identity and the deleted value is kept elsewhere."""
    path = root / LEGACY_IDENTITY_FILE
    with disk_errors("delete", path):
        if _read_back(root) != sd_id:
            return False
        legacy = look_at_file(root, LEGACY_IDENTITY_FILE)
        if legacy and legacy.value in kept:
            path.unlink(missing_ok=True)
            with open_folder(root) as opened:
                opened.sync()  # otherwise a power cut could bring it back after the catalog stops checking for it
    return True


def write_layout(root: Path, kind: LayoutKind, *, scratch: Path) -> None:
    """Writes ``SD_LAYOUT`` durably, if it does not say so already. Never replaces anything.

    Raises:
        RefusedError: It says something else.
        DiskError: It cannot be written.
    """
    path = root / LAYOUT_FILE
    try:
        write_whole(root, LAYOUT_FILE, _line(kind.value), scratch=scratch)
    except FileExistsError:
        if read_layout(str(root)) is not kind:
            raise RefusedError(
                f"{path} is there and does not say {kind.value!r}; if no other machine needs it, delete it and try "
                "again",
                path=str(path),
            ) from None


def _line(value: str) -> bytes:
    return f"{value}\n".encode("ascii")


def _read_back(root: Path) -> StorageDirId | None:
    with suppress(OSError):
        return read_plain_identity(root)
    return None
