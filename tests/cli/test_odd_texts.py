"""Texts that name no picture, names with blanks around them, and a shell whose folder is gone."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.pictures import make_picture
from builders.program import run
from strandline.cli import many_ids

ODD = {
    "too long": b"x" * 300 + b".png",
    "too deep": b"a/" * 3000 + b"x.png",
    "NUL": b"a\0b.png",
    "not text": b"\xff.png",
    "long reference": b"![](" + b"x" * 300 + b".png)",
    "below a file": b"{root}/sea.png/x.png",
    "too long, in it": b"{root}/" + b"x" * 300 + b".png",
    "too deep, in it": b"{root}/" + b"x/" * 3000 + b"x.png",
    "NUL, in it": b"{root}/a\0b.png",
}


@pytest.fixture
def vault(home: Path, tmp_path: Path) -> Path:
    """A storage directory of named pictures."""
    root = tmp_path / "vault"
    root.mkdir()
    for seed, name in enumerate(("sea.png", " lead.png", "lead.png")):
        (root / name).write_bytes(make_picture("png", seed=seed))
    assert home.parent == tmp_path
    assert run("sd", "add", root).status == 0
    return root


@pytest.mark.parametrize("words", [["exists"], ["path"], ["delete", "--yes"]], ids=" ".join)
def test_an_odd_line_ends_no_list(vault: Path, words: list[str]) -> None:
    """Each is refused, and what comes after it is done."""
    lines = [*ODD.values(), b"sea.png"]
    given = b"\n".join(lines).replace(b"{root}", str(vault).encode())
    ended = run(*words, "-", stdin=given)
    assert ended.status in (1, 4)
    assert len(ended.text.splitlines()) == 1
    assert "sea.png" in ended.text or words == ["exists"]
    assert ended.stderr.count("NUL byte") == 2
    for line in ODD.values():
        alone = run(*words, "-", stdin=line.replace(b"{root}", str(vault).encode()))
        assert alone.status in (2, 4), line[:40]


def test_blanks_around_a_name_belong_to_it(vault: Path) -> None:
    """If a file is called so: as an argument, and between NUL bytes. In a list of lines, they are indentation."""
    given = (
        (["path", " lead.png"], b""),
        (["path", "-0", "-"], b" lead.png\0"),
        (["path", "-0", "-"], b" lead.png"),
    )
    for words, stdin in given:
        assert run(*words, stdin=stdin).text.rstrip("\n\0") == f"{vault}/ lead.png"
    for words, stdin in (["path", "lead.png "], b""), (["path", "-"], b" lead.png\r\n"):
        assert run(*words, stdin=stdin).text == f"{vault}/lead.png\n"
    assert run("delete", "--yes", " lead.png").status == 0
    assert run("trash", "restore", "-0", "-", stdin=b" lead.png\0").text.startswith(" lead.png in ")


def test_a_long_record_costs_as_much_as_it_is_long() -> None:
    """Even if it comes in small pieces."""

    class Slow(io.BytesIO):
        def read1(self, _size: int | None = -1) -> bytes:
            return self.read(16)

    begun = time.monotonic()
    record = b"x" * 3_000_000
    found = list(many_ids._iter_records(Slow(record + b"\0\0a\0 b"), b"\0"))
    assert found == [record.decode(), "a", " b"]
    assert time.monotonic() - begun < 10


def test_a_folder_that_is_gone_is_told(
    vault: Path, made: CommandHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What needs it says so. What is named in another way is found."""
    image_id = made.put(made.make_storage_dir())
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for words in (["check"], ["check", "."], ["get", image_id, "-o", "x.png"], ["sd", "add", "."]):
        ended = run(*words)
        assert (ended.status, "the folder that you are in was removed" in ended.stderr) == (4, True)
    for words in (["sd", "show", "vault"], ["path", "sea.png"], ["copy", image_id, "--to", "vault"]):
        assert run(*words).status == 0
    assert run("save", vault / "lead.png", "--sd", "Notes").status == 0
    assert run("path", "no such.png").status == 4
