"""The resolver: which file a reference means, by the rules of its profile. Pure, over the listing of a tree.

The steps: the paths that the profile tries, exactly; then any path that ends like the destination, if the profile
looks there; then the same without letter case, Unicode form, and the kind of blanks. What no step finds may still be
in a folder that is not listed, behind a link, or outside. Only what is in none of these is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from itertools import chain
from unicodedata import normalize

from strandline.model.note_checks import MADE_BY_PROGRAM
from strandline.model.portable_names import explain_difference, fold_path
from strandline.model.values import dataclass
from strandline.notes.destinations import Where, explain_destination, names_picture
from strandline.notes.file_index import (
    FileIndex,
    count_shared_folders,
    folder_of,
    name_of,
    normalize_path,
)
from strandline.notes.profiles import Scope, list_page_folders
from strandline.notes.references import Form, Reference

SameBytes = Callable[[Sequence[str]], "bool | None"]
"""Whether all of these files have the same bytes. None if that cannot be told."""

IsThere = Callable[[str], bool]
"""Whether a file is at a path in a folder that is not listed."""

HiddenPlace = Callable[[str], "str | None"]
"""Where a file of this name may be without being listed: a folder that is passed over and has it, one that cannot be
listed, or a link to a folder. None if it is in none of these.
"""

_DOTS = re.compile(r"(?:\.\.?/)+")

OTHER_BYTES = "they have different bytes"

CANDIDATES = 10
"""Files that are named in one answer."""


class Verdict(Enum):
    """What became of a reference."""

    FOUND = auto()
    MISSING = auto()
    MISPLACED = auto()
    AMBIGUOUS = auto()
    NOT_PORTABLE = auto()
    OUTSIDE = auto()
    REMOTE = auto()
    NOTE = auto()
    """It embeds a part of a note."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The answer about a reference."""

    verdict: Verdict
    path: str | None = None
    """The file that it means, relative to the root. Of a missing one, where it should be."""
    candidates: tuple[str, ...] = ()
    """Other files that may be meant."""
    why: str = ""
    """In a few words, for a verdict that needs them."""
    tries: tuple[str, ...] = ()
    """Of a missing or misplaced file, and of one whose first folder is not here, all paths at which it would be
    found, the likeliest first.
    """
    endings: tuple[str, ...] = ()
    """Of a missing file, how its path may end, if it may be in any folder."""


class Resolver:
    """Resolves the references of one tree."""

    def __init__(
        self,
        index: FileIndex,
        same_bytes: SameBytes,
        is_there: IsThere,
        find_hidden: HiddenPlace = lambda _name: None,
    ) -> None:
        self._index = index
        self._same_bytes = same_bytes
        self._is_there = is_there
        self._find_hidden = find_hidden

    def resolve(self, note: str, reference: Reference, scope: Scope) -> Resolved:
        """Which file the reference of the note means. The note's path is relative to the root."""
        destination = explain_destination(reference.destination, reference.form)
        if destination.where is Where.REMOTE:
            return Resolved(Verdict.REMOTE)
        search = _Search(note, reference, scope, destination.paths)
        if destination.where is Where.OUTSIDE:
            why = "it leads to another place"
            if destination.is_made:
                why = MADE_BY_PROGRAM
            elif destination.is_broken:
                why = "the note is not in UTF-8, so some of its letters are unknown"
            elsewhere = Resolved(Verdict.OUTSIDE, why=why)
            return self._find_exactly(search) or elsewhere
        if not search.tries:
            is_attachment = reference.form is Form.ORG_ATTACHMENT
            why = "only Org's settings say where" if is_attachment else "it leads above the folder"
            return Resolved(Verdict.OUTSIDE, why=why)
        return (
            self._find_exactly(search)
            or self._find_by_suffix(search)
            or self._find_alike(search)
            or self._explain_absence(search)
        )

    def _find_exactly(self, search: _Search) -> Resolved | None:
        for path in search.tries:
            if path in self._index:
                return self._judge(search, path)
        for path in search.tries:
            if self._index.is_behind(path, self._index.unlisted) and self._is_there(path):
                return Resolved(Verdict.FOUND, path)
        return None

    def _judge(self, search: _Search, path: str) -> Resolved:
        if search.form is Form.BLANKS:
            return Resolved(Verdict.NOT_PORTABLE, path, why="blanks in the destination need <> or %20")
        if search.is_backslashed(path):
            return Resolved(Verdict.NOT_PORTABLE, path, why="a backslash separates folders on Windows only")
        return Resolved(Verdict.FOUND, path)

    def _find_by_suffix(self, search: _Search) -> Resolved | None:
        for wanted in search.suffixes:
            nearest = _list_nearest(search.folder, self._list_ending_exactly(search, wanted))
            if not nearest:
                continue
            if len(nearest) == 1 or self._same_bytes(nearest) is not False:
                return self._judge(search, nearest[0])
            some = tuple(nearest[:CANDIDATES])
            return Resolved(Verdict.AMBIGUOUS, nearest[0], some, OTHER_BYTES)
        return None

    def _find_alike(self, search: _Search) -> Resolved | None:
        """The same two steps, without letter case, Unicode form, and the kind of blanks."""
        found = [(path, self._index.list_alike(path)) for path in search.tries]
        found += [(wanted, self._list_ending(search, wanted)) for wanted in search.suffixes]
        for wanted, alike in found:
            if alike:
                nearest = _list_nearest(search.folder, alike)
                if same := [path for path in nearest if search.is_same_but_case(wanted, path)]:
                    if len(same) > 1 and self._same_bytes(same) is False:
                        return Resolved(Verdict.AMBIGUOUS, same[0], tuple(same[:CANDIDATES]), OTHER_BYTES)
                    return self._judge(search, same[0])
                path = nearest[0]
                ending = "/".join(path.split("/")[-len(wanted.split("/")) :])
                why = f"the file differs in {explain_difference(wanted, ending)}"
                return Resolved(Verdict.NOT_PORTABLE, path, why=why)
        return None

    def _list_ending_exactly(self, search: _Search, wanted: str) -> list[str]:
        """The files of the scope whose paths end with ``wanted``."""
        ending = f"/{wanted}"
        return [
            path
            for path in self._index.list_called(name_of(wanted))
            if (path.endswith(ending) or path == wanted) and search.scope.contains(path)
        ]

    def _list_ending(self, search: _Search, wanted: str) -> list[str]:
        """The files of the scope whose folded paths end like ``wanted``."""
        ending = "/" + fold_path(wanted)
        return [
            path
            for path in self._index.list_named(name_of(wanted))
            if search.scope.contains(path) and f"/{fold_path(path)}".endswith(ending)
        ]

    def _explain_absence(self, search: _Search) -> Resolved:
        if search.may_be_note:
            return Resolved(Verdict.NOTE)
        if any(self._index.is_behind(path, self._index.links) for path in search.tries):
            return Resolved(Verdict.OUTSIDE, why="it leads through a symbolic link")
        if search.leads_above:
            return Resolved(Verdict.OUTSIDE, why="it leads above the folder")
        known = search.first_folders
        if known is not None and not any(fold_path(each) in self._index.folded_folders for each in known):
            why = "its first folder is not here"
            return Resolved(Verdict.OUTSIDE, search.tries[0], why=why, tries=tuple(search.tries))
        elsewhere = self._index.list_named(name_of(search.tries[0]))
        nearest = sorted(
            elsewhere, key=lambda path: (-count_shared_folders(search.folder, folder_of(path)), path)
        )
        if nearest and search.form is Form.FRONT_MATTER:  # a theme says where; nobody else knows
            return Resolved(Verdict.FOUND, nearest[0])
        if nearest:
            near = tuple(nearest[:CANDIDATES])
            return Resolved(Verdict.MISPLACED, self._find_due(search), near, tries=tuple(search.tries))
        hidden = self._find_hidden(name_of(search.tries[0])) if search.suffixes else None
        if hidden is not None:
            return Resolved(Verdict.OUTSIDE, why=f"it may be in {hidden}, which is not listed")
        return Resolved(
            Verdict.MISSING,
            self._find_due(search),
            tries=tuple(search.tries),
            endings=tuple(search.suffixes),
        )

    def _find_due(self, search: _Search) -> str:
        """Where an absent picture should be: at the first path whose folder is here. Wiki links are written from the
        root, so there it comes first.
        """
        tries = search.tries[::-1] if search.form is Form.WIKI else search.tries
        here = (path for path in tries if self._has_folder(folder_of(path)))
        return next(here, tries[0])

    def _has_folder(self, folder: str) -> bool:
        return not folder or fold_path(folder) in self._index.folded_folders


def _list_nearest(folder: str, paths: Iterable[str]) -> list[str]:
    """The paths that have most folders in common with the folder, the shortest first."""
    paths = list(paths)
    if len(paths) == 1:
        return paths
    shared = {path: count_shared_folders(folder, folder_of(path)) for path in paths}
    most = max(shared.values(), default=0)
    return sorted((path for path in shared if shared[path] == most), key=lambda path: (len(path), path))


class _Search:
    """What is to be looked for: the paths that the profile tries, and the endings that it accepts anywhere."""

    def __init__(self, note: str, reference: Reference, scope: Scope, paths: Sequence[str]) -> None:
        self.form = reference.form
        self.scope = scope
        self.folder = folder_of(note)
        self._note = note
        self._reference = reference
        self.leads_above = False
        """One of the paths leads above the root of the tree."""
        self._literal = "\\" in reference.destination and frozenset(
            each for path in paths if "\\" in path for each in self._iter_tries(path)
        )
        self.tries = list(dict.fromkeys(chain.from_iterable(map(self._iter_tries, paths))))
        self.suffixes = [ending for path in paths if (ending := self._find_suffix(path))]
        """How the path of a file may end, if it may be in any folder."""
        self._paths = paths

    @property
    def may_be_note(self) -> bool:
        """Whether only the whole destination is a picture's name, and its part before ``#`` is not."""
        return not names_picture(self._reference.destination, self.form)

    @property
    def first_folders(self) -> list[str] | None:
        """If none of these is here, the file may be in a place that only a site or a setting knows. None if the note
        alone says where it is.
        """
        return self._list_first_folders(self._paths[0])

    def is_same_but_case(self, wanted: str, path: str) -> bool:
        """Whether the tool takes the path for the wanted one or its end: only letter case differs, or the file's name
        is decomposed.
        """
        if not (self.scope.profile.ignores_case and self.form is Form.WIKI):
            return False
        ending = "/".join(path.split("/")[-len(wanted.split("/")) :])
        if self.folder and wanted.startswith(f"{self.folder}/"):  # the note does not say it; the disk does
            wanted = normalize("NFC", self.folder) + wanted[len(self.folder) :]
        return normalize("NFC", ending).casefold() == wanted.casefold()

    def is_backslashed(self, path: str) -> bool:
        """Whether the path is meant only if a backslash separates folders."""
        return self._literal is not False and path not in self._literal

    def _list_first_folders(self, path: str) -> list[str] | None:
        if self.form is Form.ORG_ATTACHMENT:
            return [folder_of(each) for each in self.tries]
        if path.startswith(("@", "~")):
            return []
        if not path.startswith("/") or self.scope.profile.owns_root:
            return None
        first, _, rest = path.lstrip("/").partition("/")
        profile = self.scope.profile
        if not rest and not profile.has_pages:
            return None
        return [self.scope.join(root, first) for root in profile.roots] if rest else []

    def _iter_tries(self, path: str) -> Iterator[str]:
        scope, profile = self.scope, self.scope.profile
        if self.form is Form.ORG_ATTACHMENT:
            wanted = [f"{self.folder}/{folder}/{path}" for folder in self._reference.folders]
            wanted += [scope.join(folder, path) for folder in self._reference.folders]
        elif self.form is Form.CANVAS:
            wanted = [scope.join("", path)]
        elif path.startswith("/"):
            wanted = [scope.join(root, path.lstrip("/")) for root in profile.roots]
        elif path.startswith(("@site/", "@/", "~/", "~")):
            inner = path.partition("/")[2] if "/" in path else path[1:]
            wanted = [scope.join(root, inner) for root in ("", *profile.roots, "src")]
        else:
            wanted = [f"{self.folder}/{path}"]
            if profile.has_pages:
                wanted += [f"{folder}/{path}" for folder in list_page_folders(self._note)]
            is_name_only = "/" not in path and self.form in profile.by_suffix
            if not is_name_only and (profile.ignores_dots or not _has_dots(path)):
                wanted += [scope.join(root, _without_dots(path)) for root in profile.also_from]
        if profile.stops_at_root and ".." in path:
            inner = self.folder[len(scope.folder) :]
            yield scope.join("", normalize_path(f"{inner}/{path}", stops=True) or "")
        for each in wanted:
            normal = normalize_path(each)
            self.leads_above = self.leads_above or normal is None
            if normal:
                yield normal

    def _find_suffix(self, path: str) -> str | None:
        """How the path of a file must end, if it may be in any folder. None if it may not."""
        profile = self.scope.profile
        if self.form is Form.ORG_ATTACHMENT:
            folders = self._reference.folders
            return normalize_path(f"{folders[0].removeprefix('data/')}/{path}") if folders else None
        if self.form is Form.CANVAS:
            return None
        is_free = profile.ignores_dots or (profile.has_pages and self.form is Form.HTML)
        is_bound = self.form not in profile.by_suffix or _has_dots(path)
        if is_bound and not path.startswith("/") and not is_free:
            return None
        return normalize_path(_without_dots(path).lstrip("/"))


def _has_dots(path: str) -> bool:
    return path.startswith(("./", "../"))


def _without_dots(path: str) -> str:
    dots = _DOTS.match(path)
    return path[dots.end() :] if dots else path
