"""Notes: the check of a vault, first as one that is known and did not change, then without a catalog.

A vault of N files has N/5 notes of 2 kB in N/20 folders. As in public vaults, a quarter of the notes refer to
pictures, here to four each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from bench.bare import read_file
from bench.material import World
from bench.timing import Operation, Result, Target, measure
from strandline import open_store
from strandline.model.note_checks import CheckOptions
from strandline.runtime.note_checks import check_paths

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
WORDS = "A note about what was seen on the way, with [[another note]] and *some* `code`.\n\n"


def measure_notes(world: World, rounds: int) -> Iterator[Result]:
    """A check that finds nothing. Nothing else does the same for any folder."""
    vault = world.work / "vault"
    _build(vault, world.files)

    def check(_: None) -> None:
        [report] = check_paths([str(vault)], CheckOptions())
        assert (report.findings, report.unread) == ((), ())
        assert report.notes == world.files // 5
        assert report.references == report.counts["found"] == report.notes // 4 * 4

    def list_and_read(_: None) -> None:
        for folder, _folders, names in os.walk(vault):
            for name in names:
                path = os.path.join(folder, name)
                os.lstat(path)
                if name.endswith(".md"):
                    read_file(path)

    home = world.work / "vault-home"
    with open_store(home) as store:
        sd = store.add_storage_dir(vault).sd

        def check_again(_: None) -> None:
            [report] = check_paths(
                [str(vault)], CheckOptions(), {sd.path: sd.sd_id or ""}, lambda _root: store.recall(sd)
            )
            assert (report.findings, report.notes) == ((), world.files // 5)

        def list_all(_: None) -> None:
            for folder, _folders, names in os.walk(vault):
                for name in names:
                    os.lstat(os.path.join(folder, name))

        check_again(None)  # which reads the notes
        yield measure(
            Operation(
                "check of a known vault without changes", lambda _number: None, check_again, list_all,
                "walk, lstat each file", Target(ratio=2),
            ),
            rounds,
        )  # fmt: skip

    yield measure(
        Operation(
            "check of a vault", lambda _number: None, check, list_and_read,
            "walk, lstat each file, read each note", Target(ratio=3),
        ),
        rounds,
    )  # fmt: skip


def _build(vault: Path, files: int) -> None:
    (vault / ".obsidian").mkdir(parents=True)
    folders = max(1, files // 20)
    notes = files // 5
    for number in range(folders):
        (vault / f"area {number % 50}" / f"topic {number}").mkdir(parents=True, exist_ok=True)

    def place(number: int, name: str) -> Path:
        at = number % folders
        return vault / f"area {at % 50}" / f"topic {at}" / name

    for number in range(files - notes):
        place(number, f"Pasted image {number}.png").write_bytes(PICTURE)
    for number in range(notes):
        lines = [f"# Note {number}\n\n", *[WORDS] * 23]
        if number % 4 == 0:
            lines[3::6] = [f"See ![[Pasted image {number * 3 + each}.png|300]].\n\n" for each in range(4)]
        place(number, f"Note {number}.md").write_text("".join(lines))
