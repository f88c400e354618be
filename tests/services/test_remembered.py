"""Answers that are told again: how long, and to whom."""

from __future__ import annotations

import threading

import pytest

from strandline.services.workbench import TIMES, Remembered


class Question:
    """Answers with how often it was asked, and takes this long by a clock that nothing else moves."""

    def __init__(self, takes_s: float) -> None:
        self.takes_s = takes_s
        self.now_s = 100.0
        self.asked = 0
        self.remembered: Remembered[int] = Remembered(lambda: self.now_s)

    def __call__(self) -> int:
        self.asked += 1
        self.now_s += self.takes_s
        return self.asked

    def get(self, later_s: float = 0.0) -> int:
        """The answer, this long after the last one."""
        self.now_s += later_s
        return self.remembered.get(self)


def test_what_is_quick_is_asked_each_time() -> None:
    """So a folder user always reads what is true now."""
    question = Question(0.9)
    assert [question.get(), question.get()] == [1, 2]


def test_what_takes_long_is_told_again_for_ten_times_as_long() -> None:
    """However often somebody asks, the work takes a tenth of the time."""
    question = Question(3.0)
    assert [question.get(), question.get(29.0), question.get(2.0)] == [1, 1, 2]
    assert TIMES == 10


def test_an_error_is_not_remembered() -> None:
    """The next one asks again, and no lock stays behind."""
    question = Question(3.0)

    def fail() -> int:
        raise OSError

    for _ in range(2):
        with pytest.raises(OSError):
            question.remembered.get(fail)
    assert question.get() == 1


def test_who_asks_meanwhile_gets_the_last_answer() -> None:
    """It does not wait for the new one."""
    question = Question(3.0)
    question.get()
    question.now_s += 40
    begun, go_on = threading.Event(), threading.Event()

    def ask_slowly() -> int:
        begun.set()
        go_on.wait(20)
        return question()

    other = threading.Thread(target=lambda: question.remembered.get(ask_slowly))
    other.start()
    assert begun.wait(20)
    assert question.get() == 1
    go_on.set()
    other.join(20)
    assert question.get() == 2
    assert question.asked == 2
