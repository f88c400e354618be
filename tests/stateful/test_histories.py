"""Random histories of several machines, judged after every step and at the end.

``pytest tests/stateful --histories 10000`` plays more, ``--first-seed 100`` others. A red run prints the history
that it found, made short, as Python that can be pasted into a test, and the command that finds it again.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, seed, settings

from stateful.conftest import SHARES, Share
from stateful.histories import History, histories, play
from stateful.shorten import find_fault, shorten


def test_no_history_breaks_a_law(share: Share) -> None:
    """Whatever clients, people and machines do in sixty steps, no invariant is broken on the way or at the end."""
    failed: list[tuple[History, Exception]] = []

    @seed(share.seed)
    @settings(
        max_examples=share.histories,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(histories())
    def play_all(history: History) -> None:
        fault = None if failed else find_fault(play, history)
        if fault is not None:
            failed.append((history, fault))

    play_all()
    for history, fault in failed:
        short = shorten(play, history, fault)
        raise AssertionError(
            f"{find_fault(play, short)}\n\n{short!r}\n\nfound by: pytest tests/stateful "
            f"--histories {share.histories * SHARES} --first-seed {share.seed}"
        ) from fault
