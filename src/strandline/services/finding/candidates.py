"""Candidates: the files that may be the requested image, in the order in which they are tried (SPEC §5).

First the given SD's rows, then discovery in it, then the other SDs' rows, then discovery in them. Conflict copies are
separate and come last. Everything is lazy: an SD is checked only when its turn comes, and each question is asked once
per search. So a hit in the given SD touches no other SD, and no folder is listed for a file that has exactly the name
that was probed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from strandline.errors import StorageDirNotFoundError
from strandline.folders.port import NO_ODD_NAMES, Folder, OddNames
from strandline.model.states import is_expected, should_lie_there
from strandline.model.storage_dirs import LayoutKind, StorageDir, StorageDirState
from strandline.model.sync_names import sort_by_name
from strandline.model.values import dataclass
from strandline.services.storage_dirs.presence import REPLACEMENT_GAP_S, refresh

if TYPE_CHECKING:
    from strandline.model.image_files import ImageFile
    from strandline.model.image_ids import ImageId
    from strandline.services.workbench import Workbench

P = ParamSpec("P")
T = TypeVar("T")

STIRRING_S = 2.0
"""After this time, a missing file really is missing: programs replace a file within milliseconds."""

FORGOTTEN_AT_MOST = 10
"""Maximum number of SDs that may be forgotten during one search. People forget one a minute."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be the image."""

    sd: StorageDir
    filename: str
    row: ImageFile | None
    """None if discovery found it and the catalog did not know it."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a look into one media folder found of an image, by names alone."""

    filenames: tuple[str, ...] = ()
    """Names of the image's regular files, preferred ones first."""
    odd: OddNames = NO_ODD_NAMES
    problem: str | None = None
    """Why the folder cannot be examined now, so that other files may be there."""


def discover(folder: Folder, image_id: ImageId) -> Discovery:
    """Looks for the image's names in the storage directory. Never opens a file, never raises.

    Cost: 18 ``lstat``, one more for the folder and for each name found, and a listing if the folder has changed since
    the last one. If only the listing fails, the result has the other names and the problem.
    """
    return add_odd_names(folder, image_id, _probe(folder, image_id))


def _probe(folder: Folder, image_id: ImageId) -> Discovery:
    """The files under the image's likely names."""
    try:
        found = folder.probe(folder.layout.candidates(image_id))
    except OSError as error:
        return Discovery(problem=f"its media folder cannot be read now: {error.strerror or error}")
    return Discovery(tuple(name for name, _ in found))


def add_odd_names(folder: Folder, image_id: ImageId, probed: Discovery) -> Discovery:
    """The probed names in the disk's spelling, and those that only a listing finds."""
    if probed.problem is not None:
        return probed
    try:
        odd = folder.find_odd_names(image_id)
        names = folder.find_spellings(probed.filenames, odd.spellings)
    except OSError as error:
        return Discovery(
            each_once(probed.filenames),
            problem=f"its media folder cannot be listed now: {error.strerror or error}",
        )
    names += [name for name in odd.spellings if name not in names]
    return Discovery(tuple(names), odd)


def each_once(names: Iterable[str]) -> tuple[str, ...]:
    """The names without those that may be the same file on a disk that folds case. Pure."""
    by_folded: dict[str, str] = {}
    for name in names:
        by_folded.setdefault(name.lower(), name)
    return tuple(by_folded.values())


def wait_for_replacement(bench: Workbench, lacking: Iterable[StorageDir]) -> bool:
    """Waits a moment if a missing file may be being replaced. Returns whether to look again.

    Sync clients delete the old file before they rename the new one (hazard H6), which moves the mtime of the folder.
    If the folder's names have not changed for two seconds, it does not wait.

    Args:
        bench: The tools.
        lacking: The SDs in which an expected file is missing. Cost: an ``lstat`` each.
    """
    if not any(_is_stirring(bench, sd) for sd in lacking):
        return False
    bench.sleep(REPLACEMENT_GAP_S)
    return True


def _is_stirring(bench: Workbench, sd: StorageDir) -> bool:
    try:
        mtime_ns = bench.folder(sd).find_changed_ns()
    except OSError:
        return False
    return mtime_ns is not None and bench.now().timestamp() - mtime_ns / 1e9 < STIRRING_S


def goes_past_forgotten(search: Callable[P, T]) -> Callable[P, T]:
    """Repeats a search if an SD is forgotten in the middle of it. That SD is then left out."""

    @wraps(search)
    def search_again(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(FORGOTTEN_AT_MOST):
            try:
                return search(*args, **kwargs)
            except StorageDirNotFoundError:
                continue
        return search(*args, **kwargs)

    return search_again


class Search:
    """One search for one image: the SDs that it has reached, and what it discovered in them.

    Unless ``may_fetch``, files whose bytes are in the cloud are skipped.
    """

    def __init__(
        self,
        bench: Workbench,
        image_id: ImageId,
        asked: StorageDir | None = None,
        *,
        may_fetch: bool = True,
    ) -> None:
        self.bench = bench
        self.image_id = image_id
        self.asked = asked
        self._may_fetch = may_fetch
        with bench.catalog.read() as reader:
            rows = reader.files.list_rows_of_image(image_id)
            self._sds = {sd.number: sd for sd in reader.sds.list_storage_dirs()}
        self._rows = sort_rows(rows, self._sds)
        self._refreshed: dict[int, StorageDir] = {}
        self._discovered: dict[int, Discovery] = {}
        self._lacking: dict[int, StorageDir] = {}

    def iter_candidates(self) -> Iterator[Candidate]:
        """The files, in order. An SD that is not there now has none."""
        for candidate in self._iter_in_order():
            if self._may_open(candidate.sd, candidate.filename):
                yield candidate

    def _iter_in_order(self) -> Iterator[Candidate]:
        asked = [] if self.asked is None else [self.asked.number]
        for number in asked:
            yield from self._iter_rows(row for row in self._rows if row.sd == number)
            yield from self._iter_discovered(number)
        yield from self._iter_rows(row for row in self._rows if row.sd not in asked)
        for number in self._sds:
            if number not in asked:
                yield from self._iter_discovered(number)

    def iter_conflict_copies(self) -> Iterator[tuple[StorageDir, str]]:
        """Names that match the pattern of a conflict copy of the image; those in the given SD first."""
        for number in self._numbers():
            sd = self.reach(number)
            if sd is not None:
                for name in self._discover(number).odd.conflict_copies:
                    if self._may_open(sd, name):
                        yield sd, name

    def has_placeholder(self) -> bool:
        """Whether any SD has a placeholder for the image: its bytes are in the cloud."""
        return any(self._discover(number).odd.placeholders for number in self._numbers())

    def list_unexamined(self) -> tuple[StorageDir, ...]:
        """The SDs that could not be examined, so that the image may still be there; as they are now."""
        return tuple(
            self._refreshed[number]
            for number in self._sds
            if self.reach(number) is None or self._discover(number).problem is not None
        )

    def list_suspects(self) -> tuple[StorageDir, ...]:
        """The SDs where a file of the image should be, and that have lost too much at once to be believed."""
        reached = {row.sd: self.reach(row.sd) for row in self._rows if is_expected(row)}
        if not reached:
            return ()
        from strandline.services.finding.emptied import doubt_if_emptied  # here: most questions miss no file

        asked = [doubt_if_emptied(self.bench, sd) for sd in reached.values() if sd is not None]
        return tuple(sd for sd in asked if sd.state is StorageDirState.SUSPECT)

    def note_gone(self, candidate: Candidate) -> None:
        """Remembers that the file was missing at its turn."""
        if candidate.row is None or should_lie_there(candidate.row):
            self._lacking[candidate.sd.number] = candidate.sd

    def is_worth_repeating(self) -> bool:
        """Whether a missing file may be there after all. If so, waits a moment for it."""
        return wait_for_replacement(self.bench, self._lacking.values())

    def reach(self, number: int) -> StorageDir | None:
        """The SD as it is now, if it can be examined. Checked once per search."""
        if number not in self._sds:
            return None  # forgotten by another process, between two statements
        if number not in self._refreshed:
            self._refreshed[number] = refresh(self.bench, self._sds[number])
        sd = self._refreshed[number]
        return sd if sd.is_reachable else None

    def is_elsewhere(self, sd: StorageDir) -> bool:
        """Whether the SD is not the requested one."""
        return self.asked is not None and sd.number != self.asked.number

    def _may_open(self, sd: StorageDir, filename: str) -> bool:
        return self._may_fetch or not self.bench.folder(sd).is_evicted(filename)

    def _numbers(self) -> list[int]:
        return sorted(self._sds, key=lambda number: self.asked is None or number != self.asked.number)

    def _iter_rows(self, rows: Iterator[ImageFile]) -> Iterator[Candidate]:
        for row in rows:
            sd = self.reach(row.sd)
            if sd is not None:
                yield Candidate(sd, self.bench.folder(sd).layout.name_of(row.path), row)

    def _iter_discovered(self, number: int) -> Iterator[Candidate]:
        sd = self.reach(number)
        if sd is None:
            return
        folder = self.bench.folder(sd)
        known = {folder.layout.name_of(row.path) for row in self._rows if row.sd == number}
        for name in self._iter_names(number, folder):
            if name not in known:
                known.add(name)
                yield Candidate(sd, name, None)

    def _iter_names(self, number: int, folder: Folder) -> Iterator[str]:
        """All names, some twice. Lists the folder only for callers that continue after the certain ones."""
        probed = _probe(folder, self.image_id)
        if probed.filenames == each_once(probed.filenames):
            yield from probed.filenames
        if number not in self._discovered:
            self._discovered[number] = add_odd_names(folder, self.image_id, probed)
        yield from self._discovered[number].filenames

    def _discover(self, number: int) -> Discovery:
        if number not in self._discovered:
            sd = self.reach(number)
            self._discovered[number] = (
                Discovery() if sd is None else discover(self.bench.folder(sd), self.image_id)
            )
        return self._discovered[number]


def sort_rows(rows: Iterable[ImageFile], sds: Mapping[int, StorageDir]) -> list[ImageFile]:
    """The files of an image, preferred ones first: proven before unproven, then SDs in the order of adding, then the
    exact name before other spellings. Among named pictures, the name that a person would choose. Pure.
    """

    known = list(rows)
    if len(known) < 2:  # as most: sorting one takes a tenth of a whole lookup
        return known

    def prefer(row: ImageFile) -> tuple[bool, int, bool, str]:
        is_named = row.sd in sds and sds[row.sd].layout is LayoutKind.NAMED
        spelling = (False, "") if is_named else (row.path != row.path.lower(), row.path)
        return (not row.proof_is_current, row.sd, *spelling)

    return sorted(sort_by_name(known), key=prefer)
