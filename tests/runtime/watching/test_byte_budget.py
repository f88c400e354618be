"""The budget for reading in the background."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from strandline.model.byte_budget import SECONDS_PER_HOUR, ByteBudget

ASKED = st.lists(st.tuples(st.integers(0, 2000), st.floats(0, 2000, allow_nan=False)), max_size=60)


@given(st.integers(1, 5000), ASKED)
def test_no_more_than_an_hours_worth_is_granted_at_once(budget: int, asked: list[tuple[int, float]]) -> None:
    """Law: from a full budget, at most its content plus the refill is granted, except for one file."""
    wallet, now_s, granted, largest = ByteBudget(budget, 0.0), 0.0, 0, 0
    for size_bytes, passed_s in asked:
        now_s += passed_s
        if wallet.try_spend(size_bytes, now_s):
            granted += size_bytes
            largest = max(largest, size_bytes)
        # For a file that exceeds the whole budget, the excess is extra.
        too_large = sum(max(0, size - budget) for size, _ in asked)
        assert granted <= budget + budget * now_s / SECONDS_PER_HOUR + too_large + 0.001


def test_a_spent_budget_comes_back_steadily() -> None:
    """Half an hour later half of it is back, an hour later all."""
    wallet = ByteBudget(1000, 0.0)
    assert wallet.try_spend(1000, 0.0)
    assert not wallet.try_spend(1, 0.0)
    assert not wallet.try_spend(501, 1800.0)
    assert wallet.try_spend(499, 1800.0)
    assert wallet.try_spend(1000, 9000.0)


def test_a_file_larger_than_the_budget_has_its_turn() -> None:
    """It is granted from a full budget. Otherwise it would never be proven."""
    wallet = ByteBudget(1000, 0.0)
    assert wallet.try_spend(5000, 0.0)
    assert not wallet.try_spend(1, 3600.0)
    assert wallet.try_spend(5000, 6 * 3600.0)


def test_no_budget_grants_nothing() -> None:
    """The setting 0 turns the verifier off, even for empty files."""
    assert not ByteBudget(0, 0.0).try_spend(0, 1e9)
