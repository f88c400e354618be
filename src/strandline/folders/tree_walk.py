"""All folders below a root, opened one from the other and through no link, without those that are passed over."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path

from strandline.folders.media_folder import MAX_DEPTH, listed_folder, open_folder_in
from strandline.model.ignored import IsIgnored
from strandline.model.passed_over import is_passed_over

ENTRIES_AT_ONCE = 2000
"""Entries of one folder that are held in memory: half a megabyte. Most folders have fewer."""

_OPENS_IN_FOLDERS = os.scandir in os.supports_fd and os.open in os.supports_dir_fd


def iter_folders(
    root: str | Path,
    refused: list[str],
    is_ignored: IsIgnored = lambda _path: False,
    passes_over: Callable[[str], bool] = is_passed_over,
) -> Iterator[tuple[str, list[os.DirEntry[str]]]]:
    """The root, then each folder below it: the prefix of its names (``""`` or ``a/b/``), and its entries. A folder
    with more than :data:`ENTRIES_AT_ONCE` comes in several pieces, one after the other.

    Call ``stat`` before the next piece. Folders to enter are among the entries, too. Cost: one open and one
    ``scandir`` per folder. At most :data:`MAX_DEPTH` descriptors are open.

    Args:
        root: Contains no link.
        refused: Gets the paths of the folders that cannot be listed, or are too deep.
        is_ignored: Says of a folder's path, with ``/`` at the end, whether it is passed over, too.
        passes_over: Says it without the ``/``; by default, of folders that have no picture of a person.

    Raises:
        OSError: The root cannot be opened, or not listed to its end.
    """
    is_left_out = _join(passes_over, is_ignored)
    with listed_folder(os.fspath(root)) as opened:
        below: list[str] = []
        for entries in _iter_pieces("", opened, below, is_left_out):
            yield "", entries
        waiting = [("", opened, below)]
        try:
            while waiting:
                prefix, above, names = waiting[-1]
                if not names:
                    waiting.pop()
                    if len(waiting):
                        _close(above)
                    continue
                name = names.pop()
                path = prefix + name
                if len(waiting) > MAX_DEPTH:
                    refused.append(path)
                    continue
                try:
                    folder = _open(above, name)
                except (FileNotFoundError, NotADirectoryError):
                    continue  # gone, or a link by now
                except OSError:
                    refused.append(path)
                    continue
                prefix, below = f"{path}/", []
                waiting.append((prefix, folder, below))
                try:
                    for entries in _iter_pieces(prefix, folder, below, is_left_out):
                        yield prefix, entries
                except OSError:
                    refused.append(path)
        finally:
            for _, folder, _ in waiting[1:]:
                _close(folder)


def list_folders_in(root: str, path: str, is_ignored: IsIgnored = lambda _path: False) -> list[str]:
    """The names of the folders in the folder with this path in which images may be, in no order.

    Cost: one open per part of the path, and one ``scandir``.

    Raises:
        FileNotFoundError, NotADirectoryError: It, or a part of the path, does not exist, or is a file or a link.
        OSError: It cannot be listed now.
    """
    below: list[str] = []
    with listed_folder(root) as opened, ExitStack() as way:
        folder = opened
        for part in path.split("/") if path else ():
            folder = _open(folder, part)
            way.callback(_close, folder)
        prefix = f"{path}/" if path else ""
        for _ in _iter_pieces(prefix, folder, below, _join(is_passed_over, is_ignored)):
            pass
    return below


def _join(passes_over: Callable[[str], bool], is_ignored: IsIgnored) -> Callable[[str], bool]:
    return lambda path: passes_over(path) or is_ignored(f"{path}/")


def _iter_pieces(
    prefix: str, folder: int | str, below: list[str], is_left_out: Callable[[str], bool]
) -> Iterator[list[os.DirEntry[str]]]:
    """The entries; ``below`` gets the names of the folders to enter.

    Lists, because a generator that yields each entry takes as long as its ``lstat``.
    """
    with os.scandir(folder) as entries:
        while piece := list(islice(entries, ENTRIES_AT_ONCE)):
            folders = [entry.name for entry in piece if entry.is_dir(follow_symlinks=False)]
            below += [name for name in folders if not is_left_out(prefix + name)]
            yield piece


def _open(above: int | str, name: str) -> int | str:
    if isinstance(above, int) and _OPENS_IN_FOLDERS:
        return open_folder_in(above, name)
    path = os.path.join(str(above), name)
    if os.path.islink(path) or not os.path.isdir(path):
        raise NotADirectoryError(path)
    return path


def _close(folder: int | str) -> None:
    if isinstance(folder, int):
        with suppress(OSError):
            os.close(folder)
