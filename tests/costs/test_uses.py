"""What it costs to find the uses of pictures: each name is folded once, however many notes there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from strandline.model import portable_names
from strandline.notes import mentions
from strandline.services.checking.check import list_uses

PICTURES = 200


@pytest.mark.parametrize("notes", [20, 200])
def test_names_are_folded_once_for_all_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notes: int
) -> None:
    """A note folds only what it says. Otherwise a vault of 10,000 notes and pictures would take an hour."""
    for number in range(notes):
        (tmp_path / f"{number}.md").write_text(f"![](p{number % PICTURES}.png)\n")
    wanted = {f"p{number}.png" for number in range(PICTURES)}
    for name in wanted:
        (tmp_path / name).touch()
    folded: list[str] = []
    fold = portable_names.fold_path

    def fold_and_count(name: str) -> str:
        folded.append(name)
        return fold(name)

    monkeypatch.setattr(mentions, "fold_path", fold_and_count)
    assert len(list_uses(str(tmp_path), wanted)) == notes
    assert len(folded) <= PICTURES + 2 * notes
