"""What is new about the pictures that notes miss: each is told once, and nothing that cannot be told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from strandline.model.note_checks import SEVERITIES, Finding, FindingKind
from strandline.model.open_references import OpenReference, ReferenceNews, plan_news

NOW = datetime(2026, 11, 29, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

NOTES = st.sampled_from(["a.md", "b.md", "closed/c.md"])
TARGETS = st.sampled_from(["x.png", "y.png"])
FINDINGS = st.lists(
    st.builds(
        lambda kind, note, target, line: make_finding(kind, note, target, line),
        st.sampled_from(FindingKind),
        NOTES,
        TARGETS,
        st.integers(1, 3),
    ),
    max_size=6,
)


def make_finding(kind: FindingKind, note: str, target: str, line: int = 1) -> Finding:
    """A finding about a reference."""
    return Finding(kind, SEVERITIES[kind], note, line, 1, target, f"img/{target}", (), "")


def carry_out(known: list[OpenReference], news: ReferenceNews) -> list[OpenReference]:
    """What is open afterwards."""
    left = {each.key: each for each in known}
    for each in news.resolved:
        del left[each.key]
    return list((left | {each.key: each for each in [*news.moved, *news.missing]}).values())


@given(FINDINGS, FINDINGS, st.sets(st.sampled_from(["a.md", "closed/"])), st.sets(NOTES))
def test_the_same_check_again_has_no_news(
    before: list[Finding], findings: list[Finding], unread: set[str], emptied: set[str]
) -> None:
    """Whatever was known. What could not be read stays open, and what a note without text missed is on its way."""
    known = carry_out([], plan_news([], before, (), NOW))
    news = plan_news(known, findings, unread, LATER, emptied)
    after = carry_out(known, news)
    assert plan_news(after, findings, unread, LATER, emptied) == ReferenceNews()
    unread_before = {each.key for each in known if each.note == "a.md" and "a.md" in unread}
    unread_before |= {each.key for each in known if each.note.startswith("closed/") and "closed/" in unread}
    assert unread_before <= {each.key for each in after}
    opened = {(each.note, each.target) for each in findings if each.kind in ("missing", "misplaced")}
    assert {each.key for each in news.missing} <= opened
    waiting = {each.key for each in known if each.note in emptied} - opened
    assert waiting <= {each.key for each in after if each.on_its_way}
    assert not {each.key for each in news.resolved} & opened


def test_a_reference_is_told_once_and_keeps_its_time() -> None:
    """However often the note has it, and wherever it is in the note."""
    found = [make_finding(FindingKind.MISSING, "a.md", "x.png", line) for line in (2, 5)]
    news = plan_news([], found, (), NOW)
    (first,) = news.missing
    assert (first.line, first.path, first.since) == (2, "img/x.png", NOW)
    moved = plan_news([first], [make_finding(FindingKind.MISPLACED, "a.md", "x.png", 9)], (), LATER)
    assert (moved.missing, moved.resolved) == ([], [])
    assert [(each.line, each.since) for each in moved.moved] == [(9, NOW)]


def test_what_is_on_its_way_is_neither_new_nor_resolved() -> None:
    """A half is no picture yet, and a folder that is not listed may have it."""
    (known,) = plan_news([], [make_finding(FindingKind.MISSING, "a.md", "x.png")], (), NOW).missing
    for kind in (FindingKind.ARRIVING, FindingKind.IN_CLOUD, FindingKind.OUTSIDE):
        on_its_way = [make_finding(kind, "a.md", "x.png")]
        news = plan_news([known], on_its_way, (), LATER)
        assert news == ReferenceNews(moved=[replace(known, on_its_way=True)])
        assert plan_news(news.moved, on_its_way, (), LATER) == ReferenceNews()
        assert plan_news([], on_its_way, (), LATER) == ReferenceNews()
        gone_again = plan_news(news.moved, [make_finding(FindingKind.MISSING, "a.md", "x.png")], (), LATER)
        assert gone_again == ReferenceNews(moved=[known])
        assert plan_news(news.moved, [], (), LATER).resolved == news.moved
    assert plan_news([known], [], (), LATER).resolved == [known]
