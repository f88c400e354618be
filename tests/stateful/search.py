"""Random search: draws and plays histories until one breaks a law."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, seed, settings

from stateful.histories import History, histories, play
from stateful.shorten import find_fault


def find_failing(first_seed: int, count: int) -> tuple[History, Exception] | None:
    """The first of this many random histories that breaks a law, and how. The seed determines them."""
    failed: list[tuple[History, Exception]] = []

    @seed(first_seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(histories())
    def play_until_one_fails(history: History) -> None:
        fault = None if failed else find_fault(play, history)
        if fault is not None:
            failed.append((history, fault))

    play_until_one_fails()
    return failed[0] if failed else None
