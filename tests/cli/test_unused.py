"""``strandline unused`` and ``collect``, as a person types them."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from strandline.cli import changes
from strandline.cli.main import main
from strandline.runtime.assembly import open_store


def run(made: CommandHome, *words: str) -> int:
    """Runs the command line on the home, which the environment names."""
    return main(list(words))


@pytest.fixture
def root(made: CommandHome) -> Path:
    """Twelve images that came two months ago; a note uses all but the first. It was looked at ten days ago."""
    root = made.make_storage_dir("Notes")
    images = [made.put(root, seed) for seed in range(12)]
    long_ago = datetime.now(UTC) - timedelta(days=60)
    for path in (root / "media").iterdir():
        os.utime(path, (long_ago.timestamp(), long_ago.timestamp()))
    (root / "Note.md").write_text("\n".join(f"![](media/{image}.png)" for image in images[1:]))
    made.look(root, hours_ago=24 * 60)
    with open_store(made.home, now=lambda: datetime.now(UTC) - timedelta(days=10)) as store:
        store.find_unused()
    return root


def test_what_nothing_names_is_listed_and_collected(
    made: CommandHome, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """First said, then asked, then done, and how to undo it."""
    assert run(made, "unused", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    (unused,) = report["unused"]
    assert (report["images"], report["texts"], report["gaps"]) == (12, 2, [])
    assert run(made, "unused") == 0
    told = capsys.readouterr()
    assert unused["image_id"] in told.out
    assert "1 of 12 picture files unused" in told.err
    assert run(made, "check", "Notes", "--unused") == 0
    assert "`strandline unused` also reads your other folders" in capsys.readouterr().out
    assert run(made, "collect") == 5
    assert "this would move 1 picture" in capsys.readouterr().err
    monkeypatch.setattr(changes, "asks_a_person", lambda: True)
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    assert run(made, "collect") == 5
    assert run(made, "collect", "--dry-run") == 0
    assert f"would go to the trash: {unused['path']} in 'Notes'" in capsys.readouterr().out
    assert run(made, "collect", "--yes") == 0
    told = capsys.readouterr()
    assert f"moved to the trash: {unused['path']} in 'Notes'" in told.out
    assert f"`strandline trash restore {unused['image_id']}`" in told.err
    assert run(made, "collect", "--yes") == 0
    assert "nothing to collect" in capsys.readouterr().out
    assert run(made, "trash", "restore", unused["image_id"]) == 0
    assert len(list((root / "media").iterdir())) == 12


def test_what_was_not_read_is_named(
    made: CommandHome, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """6 for the list, and nothing is collected."""
    (root / "board.canvas").write_text('{"nodes": ["half')
    assert run(made, "unused") == 6
    assert "board.canvas in 'Notes' was not read" in capsys.readouterr().err
    assert run(made, "collect", "--yes") == 5
    assert "nothing is collected, because what was not read may use any picture" in capsys.readouterr().err
