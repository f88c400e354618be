"""What doctor says of shared servers: each line says what is so, and what is wrong has a remedy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.model.buckets import Guarantees
from strandline.model.reports import Check
from strandline.model.team_facts import (
    DatabaseFacts,
    find_skew,
    judge_database,
    judge_endpoint,
    judge_programs,
    judge_skew,
)

FINE = DatabaseFacts(
    server_version="15.9", role="ann", takes_changes=True, may_create_tables=True, may_create_schemas=True,
    has_work=True, not_usable=(), not_owned=(), catalog_format=20, work_format=2, skew_s=0.0, tells=True,
    servers={}, workers={},
)  # fmt: skip
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def by_name(facts: DatabaseFacts) -> dict[str, Check]:
    """The lines of a program that knows formats 20 and 2."""
    checks = judge_database(facts, 20, 2)
    assert all(check.ok or check.remedy for check in checks)
    return {check.name: check for check in checks}


def test_all_is_well() -> None:
    """Then no line has a remedy."""
    assert all(check.ok and not check.remedy for check in by_name(FINE).values())


@pytest.mark.parametrize(
    ("change", "name", "said", "remedy"),
    [
        ({"takes_changes": False}, "database", "is a standby", "primary"),
        ({"not_usable": ["public.a", "b", "c", "d"]}, "database role", "public.a, b, c and 1 more", "GRANT SELECT"),
        ({"may_create_tables": False}, "database role", "make tables", "GRANT CREATE ON SCHEMA"),
        ({"may_create_schemas": False, "has_work": False}, "database role", "make the schema", "GRANT CREATE"),
        ({"tells": False}, "notices of events", "does not reach", "not a pooler"),
        ({"skew_s": -75.0}, "database clock", "75 seconds behind", "NTP"),
    ],
)  # fmt: skip
def test_what_is_wrong(change: dict[str, object], name: str, said: str, remedy: str) -> None:
    """It says what to do."""
    (failed,) = (check for check in by_name(replace(FINE, **change)).values() if not check.ok)  # type: ignore[arg-type]
    assert failed.name == name
    assert said in failed.message
    assert remedy in (failed.remedy or "")


def test_what_is_only_told() -> None:
    """An owner's role, newer tables, and small skews need nobody."""
    told = by_name(replace(FINE, not_owned=["public.notes"], catalog_format=21, skew_s=4.0))
    assert all(check.ok for check in told.values())
    assert "let that one migrate first" in told["database role"].message
    assert "knows catalog 20" in told["tables"].message
    assert "4 seconds ahead" in told["database clock"].message


@given(st.floats(-1e6, 1e6), st.floats(0, 100), st.floats(0, 1))
def test_a_skew_is_never_larger_than_it_is(skew_s: float, round_trip_s: float, part: float) -> None:
    """What the question took explains as much of it as it can, and never turns it around."""
    answered = NOW + timedelta(seconds=round_trip_s)
    there = NOW + timedelta(seconds=skew_s + part * round_trip_s)
    found = find_skew(there, NOW, answered)
    assert abs(found) <= abs(skew_s) + 1e-5
    assert found * skew_s >= -1e-5
    assert abs(found) >= abs(skew_s) - round_trip_s - 1e-5
    check = judge_skew("clock", found, 300.0, "because")
    assert check.ok == (abs(found) <= 300.0)


def test_programs() -> None:
    """Another version is named with its machine. Work that nobody does is a finding."""
    workers, servers = judge_programs({"a": "1", "b": "2"}, {}, 0, "1")
    assert (workers.ok, servers.ok) == (True, False)
    assert servers.remedy == "finish the upgrade: b (2)"
    assert judge_programs({}, {"a": "1", "a #2": "1"}, 3, "1")[0].ok
    (lonely, _) = judge_programs({}, {}, 2, "1")
    assert (lonely.ok, lonely.message) == (False, "none is there, and 2 parts of the work wait")


def test_an_object_store() -> None:
    """Only what keeps from writing needs a person. One that was never tried says how."""
    assert (
        "`sd probe x` does it now" in judge_endpoint("x", None, read_only=False, probe="`sd probe x`").message
    )
    good = judge_endpoint("x", Guarantees(True, False, True, True), read_only=False, probe="p")
    assert good.ok
    assert "not: an object is replaced only if" in good.message
    bad = Guarantees(False, True, True, True)
    assert not judge_endpoint("x", bad, read_only=False, probe="p").ok
    assert judge_endpoint("x", bad, read_only=True, probe="p").ok
