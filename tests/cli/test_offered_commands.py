"""Commands that messages offer are for the catalog that this run has: ``--home`` and ``--local`` are in them."""

from __future__ import annotations

import logging
import re
import shlex
import shutil
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.program import run, terminal
from strandline.cli import writing
from strandline.cli.log import begin_log
from strandline.cli.tables import show_facts


def test_what_is_offered_works_on_the_same_home(
    made: CommandHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pasted anywhere, also if the home was given by a relative path with a blank. Help needs no home."""
    other = tmp_path / "My home"
    monkeypatch.chdir(tmp_path)
    root = made.make_storage_dir("Away", is_added=False)
    assert run("--home", "My home", "sd", "add", root).status == 0
    shutil.move(root, tmp_path / "Moved")
    ran = run("--home", "My home", "get", "0" * 32)
    offered = re.findall("`strandline ([^`]*)`", run("status", "--home", "My home").text)
    assert offered
    monkeypatch.chdir("/")
    for command in offered:
        words = shlex.split(command.replace("NEWPATH", shlex.quote(str(tmp_path / "Moved"))))
        assert words[:2] == ["--home", str(other)]
        assert run(*words).status == 0, ran.stderr
    assert "--home" not in run("--home", other, "ls", "--bogus").stderr
    assert "--home" not in run("sign-in").stderr
    assert f"`strandline --home {shlex.quote(str(other))} serve`" in run("--home", other, "sign-in").stderr
    assert f"--home {shlex.quote(str(other))}" not in run("--home", other, "catalog", "import", "--help").text


@pytest.mark.parametrize(
    ("is_local", "text", "completed"),
    [
        (False, "run `strandline scan`", "run `strandline --home /h scan`"),
        (True, "run `strandline scan`", "run `strandline --home /h --local scan`"),
        (True, "`strandline --local scan`", "`strandline --home /h --local scan`"),
        (False, "`strandline --local scan`", "`strandline --home /h --local scan`"),
        (False, "`strandline --home /o scan`", "`strandline --home /o scan`"),
        (False, "`strandline ls --help`", "`strandline ls --help`"),
        (
            False,
            "`strandline get ID | strandline save -`",
            "`strandline --home /h get ID | strandline --home /h save -`",
        ),
        (False, "strandline scan", "strandline scan"),
    ],
)
def test_the_whole_line_is_for_the_home(
    is_local: bool, text: str, completed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both ends of a pipe, and once. In the log and in tables, too."""
    writing.offer_commands_for("/h")
    writing.offer_local_commands(is_local)
    log = logging.getLogger("strandline")
    before = log.handlers, log.level
    try:
        writing.write_line(text)
        writing.say(text)
        begin_log("info", 0, False)
        log.warning(text)
        with terminal(columns=200) as screen:
            show_facts([("what to do", text)])
    finally:
        writing.offer_commands_for(None)
        writing.offer_local_commands(False)
        log.handlers, log.level = before
    out, err = capsys.readouterr()
    assert out == f"{completed}\n"
    assert err.count(f"{completed}\n") == 2
    assert screen.getvalue().split("  ", 1)[1].strip() == completed
