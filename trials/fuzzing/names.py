"""Names, ids, and identities that any machine may have written into a storage directory."""

from __future__ import annotations

from strandline.errors import InvalidImageIdError
from strandline.model.identity.decisions import IdentityOutcome
from strandline.model.identity.rules import decide_identity
from strandline.model.identity.sd_ids import StorageDirId, find_identity_in, find_storage_dir_id
from strandline.model.identity.sightings import (
    IdentityFile,
    IdentityRole,
    IdentitySighting,
    MediaFolder,
    find_identity_name,
    former_name_of,
    is_system_litter,
    judge_former,
    judge_identity,
)
from strandline.model.image_ids import ImageId, find_image_id, parse_image_id
from strandline.model.media_names import candidate_names, classify_media_name, split_wanted_name
from strandline.model.media_types import find_media_type_by_extension
from strandline.model.sync_names import NameKind, classify_identity_name, explain_name, is_identity_like

MAX_QUESTIONS = 2_000
"""The maximum number of checks to explain one name, which limits the work that a made-up name can cause. The
patterns try every way to remove a mark, and copies of copies. Real names need about forty.
"""

FRESH = StorageDirId("ffffffff-ffff-4fff-bfff-ffffffffffff")


def check_media_name(data: bytes) -> None:
    """A file name from a listing. Bytes that are not UTF-8 become surrogates."""
    name = data.decode("utf-8", "surrogateescape")
    stem, _, extension = name.rpartition(".")
    image_id, media_type = find_image_id(stem), find_media_type_by_extension(extension)
    wanted = split_wanted_name(name)
    assert wanted == ((image_id, media_type.name) if image_id and media_type else None)

    meaning = classify_media_name(name)
    assert (meaning.kind is NameKind.WANTED) == (wanted is not None)
    assert meaning.stands_for is None or split_wanted_name(meaning.stands_for) is not None
    if wanted is not None:
        _check_wanted(name, wanted[0])
    _check_work(name)
    _check_image_id(name)


def _check_wanted(name: str, image_id: ImageId) -> None:
    """A wanted name is safe in a path, in any letter case, and is found again inside what clients make of it."""
    assert name.isascii()
    assert not set("/\\\0") & set(name)
    assert split_wanted_name(name.swapcase()) == split_wanted_name(name)
    assert name.lower() in candidate_names(image_id)
    for shell in (f".{name}.icloud", f".syncthing.{name}.tmp", f"{name}.partial"):
        assert classify_media_name(shell).stands_for == name


def _check_work(name: str) -> None:
    questions = 0

    def is_wanted(part: str) -> bool:
        nonlocal questions
        questions += 1
        return split_wanted_name(part) is not None

    assert explain_name(name, is_wanted) == classify_media_name(name)
    assert questions <= MAX_QUESTIONS, f"{questions} questions"


def _check_image_id(text: str) -> None:
    found = find_image_id(text)
    try:
        parsed = parse_image_id(text)
    except InvalidImageIdError:
        parsed = None
    assert parsed == found
    if parsed is not None:
        assert set(parsed) <= set("0123456789abcdef-")
        assert parsed == text.lower() == parse_image_id(parsed)


def check_root_name(data: bytes) -> None:
    """A name beside ``SD_ID``."""
    name = data.decode("utf-8", "surrogateescape")
    meaning = classify_identity_name(name)
    assert meaning.stands_for in (None, "SD_ID")
    assert (meaning.kind is NameKind.WANTED) == (name == "SD_ID")
    found = find_identity_name(name)
    assert (found is not None and found.role is IdentityRole.PLAIN and not found.is_placeholder) == (
        name == "SD_ID"
    )
    if name.lower().startswith("sd_id"):
        assert found is not None
        assert is_identity_like(name)
    if is_system_litter(name):
        assert found is None


def check_identity(data: bytes) -> None:
    """The content of the root: a byte of circumstances, then the files' bytes, separated by FF."""
    if not data:
        return
    how, *contents = data[:1], *data[1:].split(b"\xff")
    for content in contents:
        _check_identity_file(content)
    plain, legacy, former, *copies = [*contents, b"", b"", b""][: max(3, len(contents))]
    sighting = IdentitySighting(
        plain=judge_identity("SD_ID", plain, None) if plain else None,
        legacy=judge_identity(".sd-id", legacy, None) if legacy else None,
        former=_former_of(former),
        copies=tuple(judge_identity(f"SD_ID {at}", copy, None) for at, copy in enumerate(copies)),
        media=list(MediaFolder)[how[0] % len(MediaFolder)],
    )
    _check_decision(sighting, read_only=bool(how[0] & 16), quiet=bool(how[0] & 32))


def _former_of(content: bytes) -> tuple[IdentityFile, ...]:
    value = find_identity_in(content)
    return () if value is None else (judge_former(judge_identity(former_name_of(value), content, None)),)


def _check_identity_file(content: bytes) -> None:
    """A value or a reason. Other accepted spellings mean the same; no prefix is accepted."""
    file = judge_identity("SD_ID", content, None)
    assert (file.value is None) != (file.unfit is None)
    if file.value is None:
        return
    assert find_storage_dir_id(file.value) == file.value
    spellings = (file.value, file.value.upper(), f" {file.value}\t", f"\ufeff{file.value}\r\n")
    for spelling in (content, *(text.encode() for text in spellings)):
        assert find_identity_in(spelling) == file.value
        for length in range(len(spelling.rstrip(b" \t\r\n"))):
            assert find_identity_in(spelling[:length]) is None


def _check_decision(sighting: IdentitySighting, *, read_only: bool, quiet: bool) -> None:
    """The order of the copies does not matter, nothing is invented, and nothing is written if that is not allowed."""
    decision = decide_identity(sighting, fresh=FRESH, read_only=read_only, quiet=quiet)
    turned = IdentitySighting(
        plain=sighting.plain,
        legacy=sighting.legacy,
        former=sighting.former,
        copies=sighting.copies[::-1],
        media=sighting.media,
    )
    assert decide_identity(turned, fresh=FRESH, read_only=read_only, quiet=quiet) == decision
    there = sighting.candidates | sighting.former_values
    assert decision.aliases <= there
    assert decision.sd_id is None or decision.sd_id in sighting.candidates | {FRESH}
    if decision.write and decision.write not in sighting.candidates:
        assert decision.outcome is IdentityOutcome.GENERATED
        assert sighting.looks_like_none
    assert not (read_only and decision.steps)
    assert (decision.sd_id is None) == (decision.problem is not None)
