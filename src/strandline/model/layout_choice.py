"""Which layout a folder has: decided from one look at its root and its media folder. Pure (SPEC §3).

Machines that see the same files choose the same layout, as they choose the same identity. What is certain comes
first: a file that says it, then whatever looks like an identity, then images with ids for names. Only a folder in
which there is something else is taken as it is, because then somebody already uses it.
"""

from __future__ import annotations

from collections.abc import Iterable

from strandline.model.identity.sightings import find_identity_name
from strandline.model.media_names import classify_media_name
from strandline.model.storage_dirs import LayoutKind
from strandline.model.sync_names import NameKind, explain_name
from strandline.model.values import dataclass

LAYOUT_FILE = "SD_LAYOUT"
"""One line with the layout. It is there only if people share the folder as it is, and want the same on each machine.
"""

MAX_LAYOUT_BYTES = 64
"""A longer file says nothing."""


@dataclass(frozen=True, slots=True)
class LayoutLook:
    """What the root and the media folder of a folder show."""

    says: LayoutKind | None = None
    """The layout that a valid ``SD_LAYOUT`` names."""
    identity_name: str | None = None
    """A name in the root that looks like ``SD_ID`` or is a ``.sd-id``."""
    id_name: str | None = None
    """A name in the media folder that is an image's with an id, or what a sync client made of one."""
    other_name: str | None = None
    """Anything else in the root, or in the media folder, that no system or sync client put there for itself."""
    is_known: bool = True
    """False if a part of it could not be listed, so that nothing may be concluded."""

    @property
    def is_certain(self) -> bool:
        """Whether something that is there says the layout. Otherwise, it also depends on what is absent."""
        return any(sign is not None for sign in (self.says, self.identity_name, self.id_name))


@dataclass(frozen=True, slots=True)
class LayoutChoice:
    """A layout, and why, as a part of a sentence that begins with "because"."""

    layout: LayoutKind
    reason: str


def choose_layout(look: LayoutLook) -> LayoutChoice | None:
    """The layout of the folder. None if it cannot be told now.

    Laws: the order of the names does not matter. A file that says the layout decides alone. If an identity or an
    image with an id arrives, the layout becomes *ids* and stays so, whatever else arrives.
    """
    if look.says is not None:
        return LayoutChoice(look.says, f"{LAYOUT_FILE} says so")
    if look.identity_name is not None:
        return LayoutChoice(LayoutKind.IDS, f"{look.identity_name!r} is there")
    if look.id_name is not None:
        return LayoutChoice(LayoutKind.IDS, f"media has images whose names are ids, such as {look.id_name!r}")
    if not look.is_known:
        return None
    if look.other_name is not None:
        return LayoutChoice(
            LayoutKind.NAMED,
            f"files are there already, such as {look.other_name!r}, and none has an id for a name",
        )
    return LayoutChoice(LayoutKind.IDS, "nothing is there yet")


def look_at_names(
    root: Iterable[str], media: Iterable[str] | None, *, says: LayoutKind | None = None, is_known: bool = True
) -> LayoutLook:
    """Sorts the names.

    Args:
        root: All names in the root.
        media: All names in the media folder; None if there is no such folder.
        says: What ``SD_LAYOUT`` says.
        is_known: Both could be listed to their ends.
    """
    identity = other = id_name = None
    for name in root:
        if find_identity_name(name) is not None:
            identity = name if identity is None else min(identity, name)
        elif name == "media" and media is not None:
            continue
        elif (other is None or name < other) and not _is_nothing(name):  # the comparison takes less time
            other = name
    for name in media or ():
        if classify_media_name(name).stands_for is not None:
            id_name = name
            break
        path = f"media/{name}"
        if (other is None or path < other) and not _is_nothing(name):
            other = path
    return LayoutLook(says, identity, id_name, other, is_known)


def parse_layout(data: bytes) -> LayoutKind | None:
    """What the bytes of ``SD_LAYOUT`` say: one word on one line, in any letter case. None if they say nothing."""
    if len(data) > MAX_LAYOUT_BYTES:
        return None
    word = data.removeprefix(b"\xef\xbb\xbf").decode("ascii", "replace").strip().lower()
    return next((kind for kind in LayoutKind if kind.value == word), None)


def _is_nothing(name: str) -> bool:
    """Whether a system or a sync client keeps the file for itself. ``._name`` belongs to a file on its way."""
    if name.lower() == LAYOUT_FILE.lower():
        return True
    return explain_name(name, lambda _: False).kind is NameKind.LITTER and not name.startswith("._")
