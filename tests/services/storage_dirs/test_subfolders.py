"""Subfolders: what is offered to a person who types a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.machine import open_machine
from strandline.services.storage_dirs.subfolders import MOST_OFFERED, list_subfolders


def test_folders_are_offered_with_what_speaks_against_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only folders, from the typed beginning, absolute or from the home; nothing is created or added."""
    for name in ("Photos", ".private", "Other"):
        (tmp_path / name).mkdir()
    (tmp_path / "Phone.txt").touch()
    monkeypatch.setenv("HOME", str(tmp_path))
    with open_machine(tmp_path) as machine:
        sd = machine.add("Phone")

        def offer(typed: str) -> dict[str, bool]:
            return {each.path: each.objection is None for each in list_subfolders(machine.bench, typed)}

        assert offer(f"{tmp_path}/ph") == {f"{tmp_path}/Phone": False, f"{tmp_path}/Photos": True}
        assert offer("~/ph") == {"~/Phone": False, "~/Photos": True}
        assert offer("~/.p") == {"~/.private": True}
        assert "~/.private" not in offer("~/")
        (in_it,) = list_subfolders(machine.bench, f"{sd.path}/m")
        assert in_it.objection is not None
        assert in_it.objection.startswith(f"{sd.path}/media is the media folder")
        (known,) = list_subfolders(machine.bench, "~/Phon")
        assert known.objection == "It is there already, as 'Phone'."
        assert machine.list_storage_dirs() == [sd]


@pytest.mark.parametrize(
    "typed", ["", "Photos", "./", "/nowhere/at/all", "/\0/", "~nobody-has-this-name/", "/\ud800/"]
)
def test_what_cannot_be_listed_offers_nothing(tmp_path: Path, typed: str) -> None:
    """A relative path, a folder that does not exist, and text that is no path: no error."""
    with open_machine(tmp_path) as machine:
        assert list_subfolders(machine.bench, typed) == []


def test_a_full_folder_offers_some(tmp_path: Path) -> None:
    """One goes on typing."""
    for number in range(MOST_OFFERED + 10):
        (tmp_path / f"folder {number:03}").mkdir()
    with open_machine(tmp_path) as machine:
        assert len(list_subfolders(machine.bench, f"{tmp_path}/folder")) == MOST_OFFERED
