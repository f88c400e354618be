"""Random histories of several machines, checked after every step and at the end.

``pytest tests/stateful --histories 10000`` plays more, ``--first-seed 100`` others. A failed run prints the shortened
history as Python that can be pasted into a test, and the command that finds it again.
"""

from __future__ import annotations

from stateful.conftest import SHARES, Share
from stateful.histories import play
from stateful.search import find_failing
from stateful.shorten import find_fault, shorten


def test_no_history_breaks_a_law(share: Share) -> None:
    """Whatever clients, people, and machines do in sixty steps, no invariant is violated during them or at the
    end.
    """
    failed = find_failing(share.seed, share.histories)
    if failed is not None:
        history, fault = failed
        short = shorten(play, history, fault)
        raise AssertionError(
            f"{find_fault(play, short)}\n\n{short!r}\n\nfound by: pytest tests/stateful "
            f"--histories {share.histories * SHARES} --first-seed {share.seed}"
        ) from fault
