"""``strandline catalog export``: one document, printed or in a file that is never half written."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from builders.command_home import CommandHome
from builders.pictures import make_picture
from builders.program import run


def test_an_export_replaces_the_last_one_only_if_it_is_whole(made: CommandHome, tmp_path: Path) -> None:
    """A shell's > would have emptied the file before anything could fail."""
    made.put(made.make_storage_dir())
    target = tmp_path / "strandline.json"
    written = run("catalog", "export", "-o", str(target))
    assert (written.status, written.stdout) == (0, b"")
    good = target.read_bytes()
    assert json.loads(good)["storage_dirs"] == run("catalog", "export").json["storage_dirs"]
    assert run("catalog", "export", "-o", str(target), "--json").json["written_to"] == str(target)
    good = target.read_bytes()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600, "the home is private, and this has all its names"
    (made.home / "catalog.db").write_bytes(b"no database" * 100)
    assert run("catalog", "export", "-o", str(target)).status != 0
    assert target.read_bytes() == good
    assert run("catalog", "export", "-o", str(tmp_path / "none" / "file")).status == 2


def test_the_export_is_one_document(made: CommandHome) -> None:
    """The document is the same with and without --json. It contains what cannot be rebuilt."""
    made.make_storage_dir()
    photo = made.folder / "sunset.png"
    photo.write_bytes(make_picture("png"))
    run("save", photo)
    exported = run("catalog", "export").json
    assert exported["storage_dirs"][0]["path"] == str(made.folder / "Notes")
    assert "sunset.png" in str(exported["origins"])
    assert set(run("catalog", "export", "--json").json) == set(exported)
