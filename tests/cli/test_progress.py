"""Progress is shown on terminals, and nowhere else."""

from __future__ import annotations

import sys

import pytest

from builders.program import Terminal
from strandline.cli.progress import Bars


def test_a_terminal_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """One bar per label, with numbers if the total is known. The label does not act on the terminal."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    with Bars(patience_s=0) as bars:
        bars.advance("Notes [red]\x1b]0;owned\x07", 0, 0)
        bars.advance("Notes [red]\x1b]0;owned\x07", 250, 1000)
    assert "Notes [red]\\x1b]0;owned\\x07" in screen.getvalue()
    assert "250/1000" in screen.getvalue()


def test_quick_work_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick work does not flicker."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with Bars(patience_s=3600) as bars:
        bars.advance("Notes", 1, 2)
    assert screen.getvalue() == ""


def test_a_pipe_gets_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """This holds however long it takes."""
    with Bars(patience_s=0) as bars:
        bars.advance("Notes", 1, 2)
    assert capsys.readouterr() == ("", "")
