"""What a machine finds out about the servers that it shares with others, and what there is to say about it. Pure.

Every finding is a line that says what is so, and if a person should do something, what (``doctor``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from strandline.model.buckets import GUARANTEE_WORDS, Guarantees
from strandline.model.plain_words import say_count
from strandline.model.remedies import say_command
from strandline.model.reports import Check
from strandline.model.values import dataclass

MAX_CATALOG_SKEW_S = 10.0
"""Two looks a minute apart conclude that an image is gone, and they may be of two machines. A tenth of that is no
matter."""

MAX_ENDPOINT_SKEW_S = 300.0
"""S3 refuses a request whose time differs by 15 minutes from its own. A third of that is no matter yet."""

SHOWN = 3
"""Names in one line."""


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What the server of a shared catalog says of itself, and of the role that asks."""

    server_version: str
    role: str
    takes_changes: bool
    may_create_tables: bool
    may_create_schemas: bool
    has_work: bool
    """Whether the tables of work are there."""
    not_usable: Sequence[str]
    """Tables that the role may not read and write."""
    not_owned: Sequence[str]
    """Tables that it may use, and not change the form of."""
    catalog_format: int
    work_format: int
    """0 if there are none."""
    skew_s: float
    """How much later it is there than here, by no more than what the question took."""
    tells: bool
    """Whether NOTIFY reaches who listens."""
    servers: Mapping[str, str]
    """The version of each program that follows events, which are servers and watchers, by its machine."""
    workers: Mapping[str, str]
    """The version of each worker that is there, by its machine."""


def judge_database(facts: DatabaseFacts, catalog_known: int, work_known: int) -> list[Check]:
    """The lines about the database. ``catalog_known`` and ``work_known`` are the formats that this program knows."""
    return [
        _judge_server(facts),
        _judge_role(facts),
        _judge_tables(facts, catalog_known, work_known),
        _judge_notices(facts),
        judge_skew("database clock", facts.skew_s, MAX_CATALOG_SKEW_S, WHY_CATALOG),
    ]


WHY_CATALOG = (
    "machines that share a catalog compare the times of each other, for example to tell whether an image has been "
    "gone for a minute, or whether a token has expired"
)
WHY_ENDPOINT = "it refuses requests whose time is wrong by a quarter of an hour"


def _judge_server(facts: DatabaseFacts) -> Check:
    name, said = "database", f"PostgreSQL {facts.server_version}"
    if facts.takes_changes:
        return Check(name, True, said)
    return Check(
        name, False, f"{said} takes no changes: it is a standby, or was made read-only",
        "name the primary in catalog.url, or wait until a switch is over",
    )  # fmt: skip


def _judge_role(facts: DatabaseFacts) -> Check:
    name, role, subject = "database role", facts.role, f"role {facts.role}"
    if facts.not_usable:
        grant = f"let the owner run: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
        return Check(name, False, f"{subject} may not read and write {_say_names(facts.not_usable)}", grant)
    if facts.not_owned:
        message = f"{subject} may use all tables, and an upgrade needs a role that owns {_say_names(facts.not_owned)}"
        return Check(name, True, f"{message}: let that one migrate first")
    lacking = []
    if not facts.may_create_tables:
        lacking.append("make tables in the schema public")
    if not facts.may_create_schemas and not facts.has_work:
        lacking.append("make the schema of the work")
    if lacking:
        grant = f"let its owner run: GRANT CREATE ON SCHEMA public TO {role}; GRANT CREATE ON DATABASE … TO {role}"
        return Check(
            name, False, f"{subject} may not {' and '.join(lacking)}, which workers and upgrades need", grant
        )
    return Check(name, True, f"{subject} may read, write, and migrate")


def _judge_tables(facts: DatabaseFacts, catalog_known: int, work_known: int) -> Check:
    formats = [("catalog", facts.catalog_format, catalog_known)]
    if facts.work_format:
        formats.append(("work", facts.work_format, work_known))
    said = ", ".join(f"{what} in format {there}" for what, there, _ in formats)
    newer = [f"{what} {known}" for what, there, known in formats if there > known]
    if newer:
        said += (
            f". A newer version migrated them, and lets this one, which knows {' and '.join(newer)}, go on"
        )
    return Check("tables", True, said)


def _judge_notices(facts: DatabaseFacts) -> Check:
    if facts.tells or not facts.takes_changes:
        return Check(
            "notices of events", True, "reach who listens" if facts.tells else "not tried at a standby"
        )
    return Check(
        "notices of events", False, "NOTIFY does not reach who listens, so events of other machines are seen late",
        "name the server itself in catalog.url, not a pooler that lends connections for a transaction",
    )  # fmt: skip


def judge_skew(name: str, skew_s: float, most_s: float, why: str) -> Check:
    """The line about a clock that is so many seconds later than this machine's."""
    if abs(skew_s) < 1.0:
        return Check(name, True, "as here")
    said = f"{abs(skew_s):,.0f} seconds {'ahead of' if skew_s > 0 else 'behind'} this machine's"
    if abs(skew_s) <= most_s:
        return Check(name, True, f"{said}, which does not matter")
    return Check(name, False, said, f"set the clocks, best by NTP: {why}")


def judge_programs(
    servers: Mapping[str, str], workers: Mapping[str, str], waiting: int, version: str
) -> list[Check]:
    """The lines about other programs: the version of each, by what it is and where; ``waiting`` parts of work."""
    none = "none is there, and servers scan by themselves"
    checks = [_judge_versions("workers", workers, version, none)]
    if waiting and not workers:
        message = f"none is there, and {say_count(waiting, 'part')} of the work {'wait' if waiting > 1 else 'waits'}"
        checks = [Check("workers", False, message, f"start some: {say_command('work')}")]
    return [*checks, _judge_versions("servers", servers, version, "none follows events now")]


def _judge_versions(name: str, programs: Mapping[str, str], version: str, none: str) -> Check:
    if not programs:
        return Check(name, True, none)
    others = sorted(where for where, its in programs.items() if its != version)
    if not others:
        return Check(name, True, f"{len(programs)}, all with version {version}, as this program")
    message = f"{len(programs)}, of which {len(others)} with another version than this program's {version}"
    machines = _say_names([f"{where} ({programs[where]})" for where in others])
    return Check(name, False, message, f"finish the upgrade: {machines}")


def judge_endpoint(name: str, found: Guarantees | None, *, read_only: bool, probe: str) -> Check:
    """The line about what an object store guarantees. ``probe`` is the command that tries it."""
    if found is None:
        when = "and is only read" if read_only else "and will be before the first save"
        return Check(name, True, f"was never tried from here, {when}; {probe} does it now")
    kept = [GUARANTEE_WORDS[each][0] for each in found.kept]
    said = "; ".join([*kept, *(f"not: {GUARANTEE_WORDS[each][0]}" for each in found.lacking)])
    lacking = [GUARANTEE_WORDS[each][1] for each in found.lacking]
    if found.creates_once or read_only:
        return Check(name, True, said + (f". So {'; '.join(lacking)}" if lacking else ""))
    remedy = f"{'; '.join(lacking)}. Update the object store, then run {probe} --forget; or add it with --read-only"
    return Check(name, False, said, remedy)


def find_skew(there: datetime, asked: datetime, answered: datetime) -> float:
    """How many seconds later it is there, if the answer was given between these times here: 0 if that explains it."""
    if there > answered:
        return (there - answered).total_seconds()
    return min((there - asked).total_seconds(), 0.0)


def _say_names(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
