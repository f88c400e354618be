"""The log of ``serve``: on stderr, as much of it as is asked for, for people and for systemd's journal."""

from __future__ import annotations

import logging
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.program import run, started
from strandline.cli.log import _is_journal, begin_log
from strandline.model.events import StorageDirOffline
from strandline.runtime.event_log import EventLog, StorageDirNames


@pytest.mark.slow
def test_each_event_is_one_line_with_its_time(made: CommandHome) -> None:
    """With -v also what is no reason to look: an image that arrives."""
    root = made.make_storage_dir()
    with started("serve", "--port", "0", "-v") as process:
        assert process.stderr is not None
        image_id = made.put(root)
        line = next(line for line in process.stderr if "image.available" in line)
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}"
    assert re.fullmatch(rf"{time} info    image\.available Notes {image_id}\.png\n", line)


def log_once(*options: str) -> str:
    """What a run of ``watch`` logs that begins with a number that this catalog never had."""
    return run("watch", "--once", "--since", "999", *options).stderr


def test_quiet_hides_warnings(made: CommandHome) -> None:
    """They are there without it, with their time and level."""
    assert re.match(r"20\S+ warning this catalog has no event 999", log_once())
    assert log_once("-q") == ""


def test_the_setting_chooses_the_level(made: CommandHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the environment, as any other."""
    monkeypatch.setenv("STRANDLINE_LOG_LEVEL", "error")
    assert log_once() == ""
    assert "no event 999" in log_once("-v")


def test_the_journal_gets_a_priority_and_no_time(made: CommandHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """It notes the time itself, and shows a warning as one."""
    monkeypatch.setattr("strandline.cli.log._is_journal", lambda: True)
    assert log_once().startswith("<4>this catalog has no event 999")


def test_only_stderr_that_is_the_journal_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd's variable names a stream; a child that writes elsewhere inherits the variable, too."""
    with (tmp_path / "journal").open("w") as stream, (tmp_path / "elsewhere").open("w") as elsewhere:
        stat = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{stat.st_dev}:{stat.st_ino}")
        monkeypatch.setattr("sys.stderr", stream)
        assert _is_journal()
        monkeypatch.setattr("sys.stderr", elsewhere)
        assert not _is_journal()


def test_a_name_does_nothing_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    """It colors no terminal and adds no line; and of an internal error, the line says which it was."""
    begin_log("warning", verbose=0, quiet=False)
    try:
        raise KeyError("place")
    except KeyError:
        logging.getLogger("strandline.runtime").exception("%s met a fault", "Notes\x1b[31m\n\u202egnp")
    said = capsys.readouterr().err
    assert said.endswith(" error   Notes\\x1b[31m\\x0a\\u202egnp met a fault: KeyError: 'place'\n")
    assert said.count("\n") == 1


def test_what_fails_again_and_again_does_not_fill_the_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line in ten minutes, which then says how often. Other messages come between, and events always."""
    begin_log("warning", verbose=0, quiet=False)
    log = logging.getLogger("strandline.runtime")
    now_s = 1_800_000_000.0
    monkeypatch.setattr("time.time", lambda: now_s)
    for _ in range(300):
        log.warning("arrivals in %r could not be recorded: %s", "Notes", "disk full")
        log.warning("another")
        now_s += 1
    assert [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()] == [
        "warning arrivals in 'Notes' could not be recorded: disk full",
        "warning another",
    ]
    now_s += 301
    log.warning("arrivals in %r could not be recorded: %s", "Notes", "disk full")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("disk full (300 times since the last such line)")
    for number in range(2000):
        log.warning("message %d", number)
    log.warning("another")
    assert len(capsys.readouterr().err.splitlines()) == 2001
    now = datetime(2026, 11, 29, tzinfo=UTC)
    gone = StorageDirOffline(at=now, sd_id=None, name="Notes", path="/sd", reason="the folder is not there")
    EventLog(StorageDirNames(list)).write([gone, gone])
    assert capsys.readouterr().err.count("sd.offline Notes") == 2
