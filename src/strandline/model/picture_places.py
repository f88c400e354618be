"""Where a new picture belongs in a folder of notes: where the person's program would put it. Pure (SPEC §15).

Settings and names come from other machines. So a folder that a setting names is used only if it is plainly below the
root, and every system can have it. A setting that is no good is passed over: the next rule decides.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from strandline.model.passed_over import is_in_passed_over
from strandline.model.portable_names import explain_refused
from strandline.model.values import dataclass

OBSIDIAN_FOLDER = ".obsidian"
"""Shows that the folder is a vault of Obsidian."""

OBSIDIAN_SETTINGS = ".obsidian/app.json"
"""Says where Obsidian puts attachments, as ``attachmentFolderPath``."""

SETTINGS = (OBSIDIAN_SETTINGS,)
"""The files whose bytes are asked for."""

MAX_SETTINGS_BYTES = 256 * 1024
"""Of each. Those of people have a few kilobytes."""

MAX_FOLDER_BYTES = 512
"""Of a folder that a setting names. Windows programs refuse whole paths of more than 260 characters."""

MAX_FOLDER_DEPTH = 16
"""The parts of such a folder. People have a few."""

NEWEST = 500
"""How many of the newest pictures are asked where they are. They show where a person puts pictures now."""

DEFAULT = "attachments"
"""The folder if nothing says anything: what programs for notes call it most often."""

_LOGSEQ = "assets"
_JOPLIN = "_resources"
_USUAL = (
    "attachments", "Attachments", "assets", "Assets", "images", "Images", "media", "img", "pictures", "Pictures",
)  # fmt: skip
_SITES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("mkdocs.yml", "mkdocs.yaml"), ("docs/assets", "docs/images", "docs/img")),
    (("docusaurus.config.js", "docusaurus.config.ts"), ("static/img", "static/images")),
    (("hugo.toml", "hugo.yaml", "hugo.json"), ("static/images", "static/img")),
    (("_config.yml",), ("assets/images", "assets/img", "images")),
)
"""Generators of sites: the files that tell of one, and where its pictures can be, the usual place first."""
_DENDRON = ("dendron.yml",)
_DENDRON_FOLDERS = ("vault/assets/images", "assets/images")
_LOGSEQ_SETTINGS = "logseq/config.edn"

SIGNS: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            OBSIDIAN_FOLDER,
            _LOGSEQ_SETTINGS,
            _JOPLIN,
            *(path for files, folders in _SITES for path in (*files, *folders)),
            *_DENDRON,
            "vault",
            *_USUAL,
        )
    )
)
"""The paths of which a look says whether they are there."""


@dataclass(frozen=True, slots=True)
class PlacesLook:
    """What a folder shows of where its pictures belong."""

    there: frozenset[str] = frozenset()
    """Those of :data:`SIGNS` that are there: regular files and folders, none through a link."""
    settings: Mapping[str, bytes] = field(default_factory=dict)
    """The bytes of those of :data:`SETTINGS` that can be read and are not too long."""


def iter_folders(look: PlacesLook, newest: Sequence[str], note: str | None = None) -> Iterator[str]:
    """The folders in which a new picture can be saved, relative to the root (empty: the root itself), best first.

    The last one is always the root. A folder need not exist; if something else has its name, take the next one.

    Law: whatever the settings say, each is below the root, without ``..``, and none is hidden or passed over.

    Args:
        look: What is there.
        newest: The paths of the newest pictures.
        note: The path of the note that the picture is for. It decides if the program puts pictures beside notes.
    """
    seen: set[str] = set()
    for folder in _iter_wishes(look, newest, note):
        if folder not in seen and (not folder or _is_below_root(folder)):
            seen.add(folder)
            yield folder
    if "" not in seen:
        yield ""


def _iter_wishes(look: PlacesLook, newest: Sequence[str], note: str | None) -> Iterator[str]:
    usual = find_busiest(newest, note)
    if OBSIDIAN_FOLDER in look.there:
        yield from _iter_of_obsidian(look.settings.get(OBSIDIAN_SETTINGS), usual, note)
    if _LOGSEQ_SETTINGS in look.there:
        yield _LOGSEQ
    if _JOPLIN in look.there:
        yield _JOPLIN
    if usual is not None:
        yield usual
    for files, folders in _SITES:
        if look.there.intersection(files):
            yield next((folder for folder in folders if folder in look.there), folders[0])
    if look.there.intersection(_DENDRON):
        yield _DENDRON_FOLDERS["vault" not in look.there]
    yield from (folder for folder in _USUAL if folder in look.there)
    yield DEFAULT


def _iter_of_obsidian(settings: bytes | None, usual: str | None, note: str | None) -> Iterator[str]:
    """What the setting says: the root (``/``), a folder, the note's folder (``./``), or a folder in that."""
    wish = _read_obsidian(settings)
    if wish is None:
        return
    if wish in ("", "/"):
        yield ""
    elif wish == "." or wish.startswith("./"):
        below = wish[2:].rstrip("/")
        if note is not None:
            above = note.rpartition("/")[0]
            folder = f"{above}/{below}" if above and below else above or below
            if not below or is_usable(below):
                yield folder
        elif usual is not None:
            yield usual
        elif not below or is_usable(below):
            yield below
    elif is_usable(wish.rstrip("/")):
        yield wish.rstrip("/")


def _read_obsidian(settings: bytes | None) -> str | None:
    """The setting. Obsidian leaves it out if it is the root. None if it cannot be told."""
    if settings is None:
        return None
    try:
        read = json.loads(settings)
    except (ValueError, RecursionError):
        return None
    wish = read.get("attachmentFolderPath", "/") if isinstance(read, dict) else None
    return wish if isinstance(wish, str) else None


def find_busiest(newest: Sequence[str], note: str | None = None) -> str | None:
    """The folder with most of these pictures. None if there are none.

    For a note, only those count that share most of its folders with it: beside it or below, else one folder up, and
    so on.
    """
    counts = Counter(path.rpartition("/")[0] for path in newest)
    above = "" if note is None else note.rpartition("/")[0]
    while above:
        near = {
            folder: n for folder, n in counts.items() if folder == above or folder.startswith(f"{above}/")
        }
        if near:
            counts = Counter(near)
            break
        above = above.rpartition("/")[0]
    return min(counts, key=lambda folder: (-counts[folder], folder.count("/"), folder), default=None)


def is_usable(folder: str) -> bool:
    """Whether a setting may name this folder: a plain path below the root that every system can have."""
    return (
        _is_below_root(folder)
        and folder.count("/") < MAX_FOLDER_DEPTH
        and folder.isprintable()
        and len(folder.encode(errors="replace")) <= MAX_FOLDER_BYTES
        and explain_refused(folder) is None
        and not any(part != part.strip() for part in folder.split("/"))
        and "{" not in folder  # a variable of a plug-in, such as ``${filename}``
    )


def _is_below_root(folder: str) -> bool:
    """Whether the path leads below the root, and through no folder that is hidden or passed over."""
    is_plain = all(part not in ("", ".", "..") for part in folder.split("/")) and "\0" not in folder
    return is_plain and not is_in_passed_over(f"{folder}/")
