"""The identity of a storage directory in a bucket: looked at, and written by conditional requests only."""

from __future__ import annotations

import errno

from strandline.errors import RefusedError, StrandlineError
from strandline.folders.buckets.calls import BucketCalls
from strandline.folders.buckets.refusals import ReplacedError
from strandline.folders.buckets.trying import TRIED_BELOW
from strandline.folders.disk_errors import as_disk_error
from strandline.folders.identity_writes import AppliedIdentity
from strandline.model.identity.decisions import IdentityDecision, IdentityStep, StepAction
from strandline.model.identity.rules import FIXED
from strandline.model.identity.sd_ids import (
    IDENTITY_FILE,
    LEGACY_IDENTITY_FILE,
    MAX_IDENTITY_BYTES,
    StorageDirId,
    find_identity_in,
)
from strandline.model.identity.sightings import (
    IdentityFile,
    IdentityName,
    IdentityRole,
    IdentitySighting,
    LookError,
    MediaFolder,
    Unfit,
    find_identity_name,
    former_name_of,
    is_system_litter,
    judge_former,
    judge_identity,
)
from strandline.model.layout_choice import (
    LAYOUT_FILE,
    MAX_LAYOUT_BYTES,
    LayoutLook,
    look_at_names,
    parse_layout,
)
from strandline.model.storage_dirs import LayoutKind

_MEDIA = "media"


def read_identity(calls: BucketCalls) -> StorageDirId | None:
    """The identity in ``SD_ID``, or None if its content is none. One GET.

    Raises:
        FileNotFoundError: There is no such object.
    """
    _, data = calls.client.get(IDENTITY_FILE, at_most=MAX_IDENTITY_BYTES)
    return None if data is None else find_identity_in(data)


def look_at_identity(calls: BucketCalls) -> IdentitySighting:
    """Everything in the root that concerns the identity.

    Cost: a listing of the root, a GET for each such name, and one LIST of ``media``. If anything cannot be told, the
    look has failed.
    """
    try:
        folders, versions = calls.client.list_level("")
        names = {version.path for version in versions} | {IDENTITY_FILE, LEGACY_IDENTITY_FILE}
        found: dict[IdentityRole, list[IdentityFile]] = {}
        for name in sorted(names.union(folders)):
            meaning = find_identity_name(name)
            if meaning is not None and (file := _look_at(calls, name, meaning, is_folder=name not in names)):
                found.setdefault(meaning.role, []).append(file)
        media = _look_at_media(calls)
    except OSError as error:
        return look_that_failed(error)
    of = {role: tuple(found.get(role, ())) for role in IdentityRole}
    return IdentitySighting(
        plain=next(iter(of[IdentityRole.PLAIN]), None),
        legacy=next(iter(of[IdentityRole.LEGACY]), None),
        copies=of[IdentityRole.COPY],
        former=tuple(map(judge_former, of[IdentityRole.FORMER])),
        temporaries=of[IdentityRole.TEMPORARY],
        hints=of[IdentityRole.HINT],
        media=media,
    )


def _look_at(calls: BucketCalls, name: str, meaning: IdentityName, *, is_folder: bool) -> IdentityFile | None:
    if is_folder:
        return IdentityFile(name, unfit=Unfit.FOLDER)
    try:
        version, data = calls.client.get(name, at_most=MAX_IDENTITY_BYTES)
    except FileNotFoundError:
        return None
    if meaning.is_placeholder:
        return IdentityFile(name, unfit=Unfit.EVICTED, stamp=version.stamp)
    if data is None:
        return IdentityFile(name, unfit=Unfit.TOO_LONG, stamp=version.stamp)
    return judge_identity(name, data, version.stamp)


def _look_at_media(calls: BucketCalls) -> MediaFolder:
    for versions in calls.client.iter_versions(_MEDIA):
        if any(not is_system_litter(version.path.rpartition("/")[2]) for version in versions):
            return MediaFolder.FILLED
    return MediaFolder.ABSENT


def look_that_failed(error: OSError) -> IdentitySighting:
    """What is seen of a bucket that does not say."""
    number = errno.ETIMEDOUT if isinstance(error, TimeoutError) else error.errno or 0
    return IdentitySighting(errors=(LookError("", number, error.strerror or str(error)),))


def apply_identity(calls: BucketCalls, decision: IdentityDecision) -> AppliedIdentity:
    """Carries out a decision, step by step. ``SD_ID`` is made once, and replaced only as it was seen.

    Raises:
        DiskError, RefusedError: ``SD_ID`` is unchanged, or already has the decided value.
    """
    warnings: list[str] = []
    for step in decision.steps:
        try:
            is_done = _carry_out(calls, step, decision)
        except (OSError, RefusedError) as error:
            refused: StrandlineError = (
                as_disk_error(error, "write the identity in", calls.where(""))
                if isinstance(error, OSError)
                else error
            )
            if not step.is_best_effort:
                raise refused from error
            warnings.append(refused.message)
            continue
        if not is_done:
            return AppliedIdentity(_read_back(calls), False, tuple(warnings))
    found = _read_back(calls) if decision.write else decision.sd_id
    return AppliedIdentity(found, found == decision.sd_id, tuple(warnings))


def _carry_out(calls: BucketCalls, step: IdentityStep, decision: IdentityDecision) -> bool:
    """False, and writes nothing, if the bucket is no longer as it was when this was decided."""
    match step.action:
        case StepAction.KEEP:
            return _keep_former(calls, step.value)
        case StepAction.WRITE:
            return _write_plain(calls, decision, step.value)
        case StepAction.DELETE_LEGACY:
            return _delete_legacy(calls, decision.aliases | {step.value})


def _keep_former(calls: BucketCalls, value: StorageDirId) -> bool:
    name = former_name_of(value)
    try:
        calls.writes.create(name, _line(value))
    except FileExistsError:
        _, data = calls.client.get(name, at_most=MAX_IDENTITY_BYTES)
        if judge_former(judge_identity(name, data or b"", None)).value != value:
            raise RefusedError(
                f"{calls.where(name)} does not contain the value in its name; rename it with another program",
                path=calls.where(name),
            ) from None
    return True


def _write_plain(calls: BucketCalls, decision: IdentityDecision, value: StorageDirId) -> bool:
    data = _line(value, decision.spelling)
    if not decision.may_replace:
        try:
            calls.writes.create(IDENTITY_FILE, data)
        except FileExistsError:
            return _read_back(calls) == value
        return True
    try:
        version, there = calls.client.get(IDENTITY_FILE, at_most=MAX_IDENTITY_BYTES)
        seen = judge_identity(IDENTITY_FILE, there or b"", version.stamp)
        if seen.value != decision.replaces or seen.unfit in FIXED:
            return False
        calls.writes.replace(IDENTITY_FILE, data, version.e_tag)
    except (FileNotFoundError, ReplacedError):
        return False
    return True


def _delete_legacy(calls: BucketCalls, kept: frozenset[StorageDirId]) -> bool:
    """Deletes ``.sd-id``, whose value is kept elsewhere by now."""
    try:
        _, data = calls.client.get(LEGACY_IDENTITY_FILE, at_most=MAX_IDENTITY_BYTES)
    except FileNotFoundError:
        return True
    if data is None or find_identity_in(data) not in kept:
        return False
    calls.client.delete(LEGACY_IDENTITY_FILE)
    return True


def _read_back(calls: BucketCalls) -> StorageDirId | None:
    try:
        return read_identity(calls)
    except OSError:
        return None


def _line(value: StorageDirId, spelling: str | None = None) -> bytes:
    return f"{spelling or value}\n".encode()


def write_layout(calls: BucketCalls, kind: LayoutKind) -> None:
    """Writes ``SD_LAYOUT`` if it is not there.

    Raises:
        RefusedError: It says something else.
    """
    try:
        calls.writes.create(LAYOUT_FILE, f"{kind.value}\n".encode())
    except FileExistsError:
        if _read_layout(calls) is not kind:
            raise RefusedError(
                f"{calls.where(LAYOUT_FILE)} says something else; delete it with another program, or keep that "
                "layout",
                path=calls.where(LAYOUT_FILE),
            ) from None


def look_at_layout(calls: BucketCalls) -> LayoutLook:
    """A listing of the root, one of ``media`` up to the first image with an id, and a GET. Never raises."""
    is_known = True

    def iter_media() -> list[str]:
        nonlocal is_known
        names: list[str] = []
        try:
            for versions in calls.client.iter_versions(_MEDIA):
                names += [
                    version.path[len(_MEDIA) + 1 :].partition("/")[0]
                    for version in versions
                    if version.path.startswith(f"{_MEDIA}/")
                ]
                if look_at_names((), names).id_name is not None:
                    break
        except OSError:
            is_known = False
        return names

    try:
        folders, versions = calls.client.list_level("")
        root = [*folders, *(version.path for version in versions if version.path not in folders)]
        root = [name for name in root if name != TRIED_BELOW]
        says = _read_layout(calls) if LAYOUT_FILE in root else None
    except OSError:
        return LayoutLook(is_known=False)
    look = look_at_names(root, iter_media() if _MEDIA in folders else None, says=says)
    return LayoutLook(look.says, look.identity_name, look.id_name, look.other_name, is_known)


def _read_layout(calls: BucketCalls) -> LayoutKind | None:
    _, data = calls.client.get(LAYOUT_FILE, at_most=MAX_LAYOUT_BYTES)
    return None if data is None else parse_layout(data)
