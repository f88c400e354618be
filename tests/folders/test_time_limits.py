"""Time limits: a call that hangs costs its limit, once, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from strandline.folders.time_limits import MAX_LOST_WORKERS, SlowPlaces, begin, within

SOON_S = 0.01
AMPLE_S = 20.0
HERE = "/here"


@pytest.fixture
def hang() -> Iterator[threading.Event]:
    """Something to hang on; released at the end."""
    event = threading.Event()
    yield event
    event.set()


def fail(error: BaseException) -> None:
    raise error


def be_slow() -> str:
    """Takes longer than :data:`SOON_S`."""
    threading.Event().wait(5 * SOON_S)
    return "slow"


def test_an_answer_in_time_is_the_answer() -> None:
    """The result is returned, even if it is None."""
    assert within(HERE, AMPLE_S, lambda: 42) == 42
    assert within(HERE, AMPLE_S, lambda: None) is None


@pytest.mark.parametrize(
    "error", [FileNotFoundError(2, "gone"), TimeoutError(110, "the system's"), SystemExit(3)]
)
def test_the_calls_own_errors_come_through(error: BaseException) -> None:
    """Exactly the exception of the call is raised, even if it is the system's own timeout."""
    with pytest.raises(type(error)) as raised:
        within(HERE, AMPLE_S, lambda: fail(error))
    assert raised.value is error


def test_a_worker_is_used_again() -> None:
    """Consecutive calls need only one thread."""
    threads = {within(HERE, AMPLE_S, threading.current_thread) for _ in range(50)}
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_no_answer_is_a_timeout(hang: threading.Event) -> None:
    """The caller continues, and a hanging call does not delay other calls."""
    with pytest.raises(TimeoutError, match=r"no answer within 0\.01 s"):
        within(HERE, SOON_S, hang.wait)
    assert within(HERE, AMPLE_S, lambda: "quick") == "quick"


def test_what_comes_too_late_can_be_closed(hang: threading.Event) -> None:
    """A late result goes to ``late``. A late error is dropped."""
    arrived = threading.Event()
    results = []

    def keep(result: str) -> None:
        results.append(result)
        arrived.set()

    def answer() -> str:
        hang.wait()
        return "late"

    with pytest.raises(TimeoutError):
        within(HERE, SOON_S, answer, late=keep)
    with pytest.raises(TimeoutError):
        within(
            HERE,
            SOON_S,
            lambda: fail(OSError()) if hang.wait() else None,
            late=lambda _: results.append("error"),
        )
    assert not results
    hang.set()
    assert arrived.wait(AMPLE_S)
    assert results == ["late"]


def test_hanging_calls_cannot_fill_the_memory(hang: threading.Event) -> None:
    """If too many workers hang, calls fail at once. When the workers return, calls work again."""
    back = threading.Semaphore(0)
    for _ in range(MAX_LOST_WORKERS):
        with pytest.raises(TimeoutError, match="no answer"):
            within(HERE, 0, hang.wait, late=lambda _: back.release())
    with pytest.raises(TimeoutError, match="calls to /here hang still"):
        within(HERE, AMPLE_S, lambda: "never called")
    assert within("/elsewhere", AMPLE_S, lambda: "asked") == "asked"
    hang.set()
    for _ in range(MAX_LOST_WORKERS):
        assert back.acquire(timeout=AMPLE_S)
    assert within(HERE, AMPLE_S, lambda: "again") == "again"


def test_a_dead_place_is_paid_for_once(hang: threading.Event) -> None:
    """After a timeout, calls to the same place fail at once while it rests. Other places are not affected."""
    now_s = 1000.0
    places = SlowPlaces(limit_s=SOON_S, rest_s=60, clock=lambda: now_s)
    asked, back = [], threading.Event()
    with pytest.raises(TimeoutError):
        places.within("/dead", hang.wait, late=lambda _: back.set())
    hang.set()
    assert back.wait(AMPLE_S)
    places.limit_s = AMPLE_S
    with pytest.raises(TimeoutError, match="/dead did not answer"):
        places.within("/dead", lambda: asked.append("while resting"))
    assert places.is_resting("/dead")
    assert places.within("/alive", lambda: "fine") == "fine"
    now_s += 59.9
    assert places.is_resting("/dead")
    now_s += 0.2
    assert not places.is_resting("/dead")
    places.within("/dead", lambda: asked.append("after the rest"))
    assert asked == ["after the rest"]


def test_a_place_where_a_call_hangs_is_not_asked_again(hang: threading.Event) -> None:
    """A share that stays dead for days costs one worker: it rests until the hanging call returns."""
    now_s = 1000.0
    places = SlowPlaces(limit_s=SOON_S, rest_s=60, clock=lambda: now_s)
    asked, back = [], threading.Event()
    with pytest.raises(TimeoutError):
        places.within("/dead", hang.wait, late=lambda _: back.set())
    places.limit_s = AMPLE_S
    for _ in range(2 * MAX_LOST_WORKERS):
        now_s += 61
        with pytest.raises(TimeoutError, match="/dead did not answer"):
            places.within("/dead", lambda: asked.append("while a call hangs"))
    assert places.within("/alive", lambda: "fine") == "fine"
    hang.set()
    assert back.wait(AMPLE_S)
    places.within("/dead", lambda: asked.append("when it is back"))
    assert asked == ["when it is back"]


def test_what_takes_long_says_nothing_of_the_place(hang: threading.Event) -> None:
    """A download may take longer than a small look. If it does not finish, the place is still used."""
    places = SlowPlaces(limit_s=SOON_S)
    assert places.patiently(HERE, AMPLE_S, be_slow) == "slow"
    with pytest.raises(TimeoutError, match=r"no answer within 0\.05 s"):
        places.patiently(HERE, 0.05, hang.wait)
    places.limit_s = AMPLE_S
    assert places.within(HERE, lambda: "asked") == "asked"


def test_what_takes_long_is_given_up_where_the_place_is_dead(hang: threading.Event) -> None:
    """A small look decides: any answer, even an error, means that the place is alive. Without one, the place
    rests.
    """
    places = SlowPlaces(limit_s=1.0)
    looks, looked = [], threading.Event()

    def look() -> None:
        looked.set()
        raise FileNotFoundError

    assert places.patiently(HERE, AMPLE_S, lambda: looked.wait(AMPLE_S), small_look=look)
    places.limit_s = SOON_S
    closed = threading.Event()
    with pytest.raises(TimeoutError, match="no answer"):
        places.patiently(HERE, AMPLE_S, hang.wait, small_look=hang.wait, late=lambda _: closed.set())
    assert places.is_resting(HERE)
    with pytest.raises(TimeoutError, match="did not answer"):
        places.patiently(HERE, AMPLE_S, lambda: looks.append("while resting"))
    assert not looks
    hang.set()
    assert closed.wait(AMPLE_S)


def test_the_systems_own_timeout_lets_a_place_rest() -> None:
    """ETIMEDOUT counts like our own limit. Other errors are answers."""
    places = SlowPlaces()
    with pytest.raises(FileNotFoundError):
        places.within("/here", lambda: fail(FileNotFoundError()))
    assert not places.is_resting("/here")
    with pytest.raises(TimeoutError):
        places.within("/gone", lambda: fail(OSError(110, "timed out")))
    assert places.is_resting("/gone")
    places.forget("/gone")
    assert places.within("/gone", lambda: "back") == "back"


def run(code: str) -> str:
    program = "import os, threading\nfrom strandline.folders.time_limits import within\n" + code
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=AMPLE_S)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_hanging_call_does_not_keep_the_program_alive() -> None:
    """The program ends although a worker never does."""
    code = "try: within(1, 0.01, threading.Event().wait)\nexcept TimeoutError: print('given up')"
    assert run(code) == "given up"


def test_a_forked_child_makes_workers_of_its_own() -> None:
    """Threads do not survive a fork, so the child must not wait for its parent's."""
    code = """
import warnings
warnings.simplefilter("ignore")  # newer Pythons warn of forks beside threads
within(1, 5, lambda: 1)
child = os.fork()
if child == 0:
    os._exit(within(1, 5, lambda: 7))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert run(code) == "7"


def test_a_close_is_made_after_all_where_many_calls_hang(hang: threading.Event) -> None:
    """It is not dropped: otherwise the descriptor would stay open for good."""
    closed = threading.Event()
    for _ in range(MAX_LOST_WORKERS):
        with pytest.raises(TimeoutError):
            within("/full", 0, hang.wait)
    begin("/full", closed.set)
    assert not closed.is_set()
    hang.set()
    assert closed.wait(AMPLE_S)


def test_a_call_that_moves_is_waited_for(hang: threading.Event) -> None:
    """The limit applies to a call without progress. Such a call is abandoned, and calls of its kind rest."""
    places, steps = SlowPlaces(limit_s=AMPLE_S), iter(range(50))
    moved = [0]

    def move() -> str:
        for step in steps:
            moved[0] = step
            threading.Event().wait(SOON_S)
        return "done"

    limit_s = 30 * SOON_S  # shorter than the call, much longer than a step, however busy the machine is
    assert places.patiently(HERE, limit_s, move, progress=lambda: moved[0]) == "done"
    with pytest.raises(TimeoutError, match="no answer"):
        places.patiently(HERE, SOON_S, hang.wait, progress=lambda: moved[0], kind="listings")
    with pytest.raises(TimeoutError, match="left alone"):
        places.patiently(HERE, SOON_S, lambda: "quick", kind="listings")
    assert places.within(HERE, lambda: "others") == "others"
