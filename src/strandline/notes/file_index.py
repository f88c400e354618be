"""The files of a tree by path and by name, exact and folded. All but the exact paths are made when first needed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from strandline.model.portable_names import fold_path


def name_of(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def folder_of(path: str) -> str:
    """The folder of a path; empty for the root."""
    return path.rpartition("/")[0]


def normalize_path(path: str, *, stops: bool = False) -> str | None:
    """The path without ``.``, ``..``, and empty parts. None if it leads above the root, unless it ``stops`` there."""
    around = f"/{path}/"
    if "//" not in around and "/." not in around:
        return path  # that is most of them
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts and not stops:
                return None
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def count_shared_folders(one: str, other: str) -> int:
    """How many folders two folder paths have in common from the root."""
    shared = 0
    for left, right in zip(one.split("/"), other.split("/"), strict=False):
        if left != right or not left:
            break
        shared += 1
    return shared


class FileIndex:
    """The pictures of a tree.

    Args:
        paths: Relative to the root, as the disk spells them, with ``/``.
        links: The paths of symbolic links, which are not followed.
        folders: The paths of folders that are not listed. What they contain is unknown here.
        listed: The paths of folders that are, whatever is in them.
    """

    def __init__(
        self,
        paths: Iterable[str],
        links: Iterable[str] = (),
        folders: Iterable[str] = (),
        listed: Iterable[str] = (),
    ) -> None:
        self.paths = frozenset(paths)
        self.links = frozenset(links)
        self.unlisted = frozenset(folders)
        self._listed = frozenset(listed)

    def __contains__(self, path: str) -> bool:
        return path in self.paths

    @cached_property
    def _by_folded_path(self) -> dict[str, list[str]]:
        return _group((fold_path(path), path) for path in self.paths)

    @cached_property
    def _by_folded_name(self) -> dict[str, list[str]]:
        return _group((fold_path(name_of(path)), path) for path in self.paths)

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        return _group(zip([path[path.rfind("/") + 1 :] for path in self.paths], self.paths, strict=True))

    @cached_property
    def folded_folders(self) -> frozenset[str]:
        """All folders that are listed, or that a picture is below, folded."""
        found = set(self._listed)
        for path in {folder_of(path) for path in self.paths}:
            while path and path not in found:
                found.add(path)
                path = folder_of(path)
        return frozenset(map(fold_path, found))

    def list_alike(self, path: str) -> list[str]:
        """The files whose paths differ from this one at most in letter case, Unicode form, and blanks."""
        return self._by_folded_path.get(fold_path(path), [])

    def list_called(self, name: str) -> list[str]:
        """The files with exactly this name in any folder."""
        return self._by_name.get(name, [])

    def list_named(self, name: str) -> list[str]:
        """The files with this name in any folder, with the same differences."""
        return self._by_folded_name.get(fold_path(name), [])

    def is_behind(self, path: str, places: frozenset[str]) -> bool:
        """Whether the path or a folder above it is one of the places, which are not listed."""
        if not places or folder_of(path) in self._listed:
            return path in places
        while path:
            if path in places:
                return True
            path = folder_of(path)
        return False


def _group(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for key, path in pairs:
        if key in groups:
            groups[key].append(path)
        else:
            groups[key] = [path]  # in most trees, nearly all keys have one path
    return groups
