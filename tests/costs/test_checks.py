"""The cost of a check: folders that are passed over are listed once at most, and no other disk is waited for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from builders.statements import count_statements
from builders.storage import make_storage_dir
from builders.vaults import Vault, check
from fault_kit.traced import trace_calls
from strandline import open_store
from strandline.model.sync_names import NameMeaning, explain_name
from strandline.services.checking import note_tree

CHECKING = """
import sys
from strandline.cli.main import main
home, *words = sys.argv[1:]
main(["--home", home, "--version"])
import strandline.runtime.note_checks
begin()
main(["--home", home, "check", *words, "--json"])
end()
"""

PACKAGES, FILES, MANY = 40, 5, 200


def trace_check(home: Path, *words: str | Path) -> list[str]:
    """The system calls on files and folders that a check makes."""
    return trace_calls(CHECKING, home, *words, calls="%file,getdents64")


def make_vault(folder: Path, note: str) -> Path:
    """A vault with one note, one picture, and packages that are passed over."""
    vault = Vault(folder)
    (vault.root / ".obsidian").mkdir(parents=True)
    vault.put("x.png")
    vault.put("note.md", note.encode())
    for package in range(PACKAGES):
        for number in range(FILES):
            vault.put(f"node_modules/package{package}/{number}.png", b"")
    return vault.root


def count_inside(calls: list[str], folder: Path) -> int:
    """The calls that name something in the folder."""
    return sum(f"{folder}/" in call for call in calls)


def test_folders_that_are_passed_over_are_listed_once_and_only_for_what_is_missing(
    home: Path, tmp_path: Path
) -> None:
    """A picture that is there costs nothing in ``node_modules``. One that is not costs a listing of it: an open, a
    look, and reading the folder to its end. Two hundred cost the same.
    """
    counts = []
    for number, text in enumerate(
        ("![[x.png]]", "![[0.png]] ![[lost.png]]", "".join(f"![[lost {n}.png]]\n" for n in range(MANY)))
    ):
        vault = make_vault(tmp_path / str(number), text)
        counts.append(count_inside(trace_check(home, vault), vault / "node_modules"))
    without, few, many = counts
    assert without == 0
    assert few == many
    assert PACKAGES <= few <= 5 * (PACKAGES + 1)


def test_a_missing_picture_costs_nothing_for_each_that_is_called_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a name means is asked only of possible conflict copies of it, once for each name."""
    asked = []

    def explain(name: str, is_wanted: Callable[[str], bool]) -> NameMeaning:
        asked.append(name)
        return explain_name(name, is_wanted)

    monkeypatch.setattr(note_tree, "explain_name", explain)
    vault = Vault(tmp_path / "Vault")
    mark = "sync-conflict-20260101-120000-ABCDEFG"
    for number in range(MANY):
        vault.put(f"image-{number}.png", b"")
        vault.put(f"image{number}.{mark}.png", b"")
    vault.put("note.md", b"![[image.png]]\n" * MANY)
    assert check(vault.root).counts["missing"] == MANY
    assert asked == []
    copy = vault.put(f"image.{mark}.png", b"")
    report = check(vault.root)
    assert all(copy in finding.message for finding in report.findings)
    assert len(asked) == 1


def test_only_the_disk_of_the_path_is_looked_at(home: Path, tmp_path: Path) -> None:
    """Another storage directory may be on a share that does not answer."""
    roots = {name: make_storage_dir(tmp_path / name) for name in ("Notes", "Share")}
    with open_store(home) as store:
        for root in roots.values():
            store.add_storage_dir(root)
    calls = trace_check(home, roots["Notes"])
    assert count_inside(calls, roots["Notes"]) > 0
    assert [call for call in calls if str(roots["Share"]) in call] == []


def test_the_catalog_is_asked_for_all_that_is_missing_at_once(home: Path, tmp_path: Path) -> None:
    """Nine times as many missing pictures are two statements more for 500 of them, not some for each."""
    counts = []
    for missing in (100, 900):
        vault = Vault(tmp_path / f"{missing}")
        vault.put("note.md", "".join(f"![[lost {number}.png]]\n" for number in range(missing)).encode())
        with open_store(home / f"{missing}") as store:
            sd = store.add_storage_dir(vault.root).sd
            assert len(store.check_notes(sd).findings) == missing
            counts.append(count_statements(store._bench, partial(store.check_notes, sd)))
    few, many = counts
    assert many - few <= 4
