"""When a file that failed is looked at again: soon at first, then less and less often while nothing changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from strandline.runtime.watching.relooks import FIRST_S, LONGEST_S, FileKey, Relooks

KEY = FileKey(1, "a.png")
OTHER = FileKey(2, "a.png")


def follow(relooks: Relooks, key: FileKey, now_s: float, *, changed: bool) -> float:
    """Schedules the next look, advances the time until it is due, and returns how long that took."""
    relooks.add(key, now_s, changed=changed)
    due_s = relooks.next_due_s()
    assert due_s is not None
    assert relooks.take_due(due_s - 0.001, 10) == []
    assert relooks.take_due(due_s, 10) == [key]
    return due_s - now_s


def test_the_wait_doubles_to_five_minutes() -> None:
    """2, 4, 8 … 300 s, and then always 300 s: logarithmically many looks (I24)."""
    relooks = Relooks()
    waits = [follow(relooks, KEY, 1000.0 * i, changed=False) for i in range(10)]
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_a_change_makes_it_soon_again() -> None:
    """Whatever the last wait, a changed file is looked at in 2 s."""
    relooks = Relooks()
    for i in range(6):
        follow(relooks, KEY, 1000.0 * i, changed=False)
    assert follow(relooks, KEY, 9000.0, changed=True) == FIRST_S
    assert follow(relooks, KEY, 9100.0, changed=False) == 2 * FIRST_S


def test_what_was_dropped_begins_anew() -> None:
    """A file that was good in between is looked at in 2 s when it fails again."""
    relooks = Relooks()
    follow(relooks, KEY, 0.0, changed=False)
    relooks.add(KEY, 10.0, changed=False)
    relooks.drop(KEY)
    assert (relooks.take_due(1000.0, 10), relooks.next_due_s(), len(relooks)) == ([], None, 0)
    assert follow(relooks, KEY, 1000.0, changed=False) == FIRST_S


def test_a_later_plan_replaces_the_earlier_one() -> None:
    """A file is looked at once, at the time that was set last."""
    relooks = Relooks()
    relooks.add(KEY, 0.0, changed=True)
    relooks.add(KEY, 1.5, changed=True)
    assert relooks.take_due(2.0, 10) == []
    assert relooks.take_due(100.0, 10) == [KEY]


def test_ensure_leaves_a_plan_as_it_is() -> None:
    """If a scan finds a file again, its next look is not delayed; if none is scheduled, one is."""
    relooks = Relooks()
    relooks.add(KEY, 0.0, changed=True)
    relooks.ensure(KEY, 1.9)
    relooks.ensure(OTHER, 1.9)
    assert relooks.take_due(2.0, 10) == [KEY]
    assert relooks.take_due(1.9 + FIRST_S, 10) == [OTHER]


def test_only_so_many_are_taken_at_once() -> None:
    """The rest stays due."""
    relooks = Relooks()
    keys = [FileKey(1, f"{i}.png") for i in range(5)]
    for i, key in enumerate(keys):
        relooks.add(key, i / 10, changed=True)
    assert relooks.take_due(10.0, 3) == keys[:3]
    assert relooks.take_due(10.0, 3) == keys[3:]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add changed", "drop", "take"]),
        st.sampled_from([FileKey(1, "a"), FileKey(1, "b"), FileKey(2, "a")]),
        st.floats(0, 400, allow_nan=False),
    ),
    max_size=40,
)


@given(STEPS)
def test_every_plan_is_kept(steps: list[tuple[str, FileKey, float]]) -> None:
    """Law: a file has at most one next look and is returned once when it is due, unless it was dropped."""
    relooks, now_s = Relooks(), 0.0
    due_s: dict[FileKey, float] = {}
    wait_s: dict[FileKey, float] = {}
    for verb, key, passed_s in steps:
        now_s += passed_s
        if verb == "drop":
            relooks.drop(key)
            due_s.pop(key, None)
            wait_s.pop(key, None)
        elif verb == "take":
            ready = {key for key, at_s in due_s.items() if at_s <= now_s}
            assert sorted(relooks.take_due(now_s, 10), key=str) == sorted(ready, key=str)
            due_s = {key: at_s for key, at_s in due_s.items() if key not in ready}
        else:
            relooks.add(key, now_s, changed=verb == "add changed")
            is_first = verb == "add changed" or key not in wait_s
            wait_s[key] = FIRST_S if is_first else min(2 * wait_s[key], LONGEST_S)
            due_s[key] = now_s + wait_s[key]
        assert relooks.next_due_s() == min(due_s.values(), default=None)
        assert len(relooks) == len(due_s)
