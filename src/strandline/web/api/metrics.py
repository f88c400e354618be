"""Metrics: a store's status in the text format of Prometheus (exposition format 0.0.4). Pure.

A formatter of our own: the client library for Python keeps numbers in the process, and ours are in the catalog.
https://prometheus.io/docs/instrumenting/exposition_formats/ describes the format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from strandline.model.operations import Operations, WorkMeasures
from strandline.model.storage_dirs import StorageDirState
from strandline.model.store_status import Outcome, StorageDirStatus, StoreStatus

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Spread(NamedTuple):
    """A sample of a histogram."""

    bounds_s: Sequence[float]
    numbers: Sequence[int]
    """Up to each bound, without those before, and above all."""
    sum_s: float


Number = int | float | datetime | Spread | None
"""A time is written in seconds since 1970. None has no line: there is no such number."""


class Metric(NamedTuple):
    """One metric, and its samples with their labels."""

    name: str
    kind: str
    """gauge, counter, or histogram, whose numbers are spreads."""
    help: str
    samples: Sequence[tuple[Mapping[str, str], Number]]


def format_metrics(status: StoreStatus, version: str, operations: Operations | None = None) -> str:
    """All metrics of the store.

    Laws: each line is a comment or one sample; no label can end its line or its quotes.
    """
    metrics = list_metrics(status, version) + ([] if operations is None else list_operations(operations))
    return "".join(f"{line}\n" for metric in metrics for line in _iter_lines(metric))


PER_FOLDER: tuple[tuple[str, str, Callable[[StorageDirStatus], Number]], ...] = (
    (
        "online", "Whether the storage directory is online.",
        lambda each: int(each.sd.state is StorageDirState.ONLINE),
    ),
    ("bytes", "Bytes of the image files that are there.", lambda each: each.measures.size_bytes),
    (
        "unchecked_files", "Present image files whose bytes nobody has read as they are now.",
        lambda each: each.counts.unchecked,
    ),
    (
        "incomplete_files", "Image files with the bytes of their id that are no whole image.",
        lambda each: each.measures.incomplete,
    ),
    (
        "arrivals_waiting", "Files that are not whole yet, or arrived and were not read yet.",
        lambda each: each.arrivals_waiting,
    ),
    (
        "oldest_unchecked_timestamp_seconds",
        "Since when the file that waits longest for a look at its bytes has been as it is.",
        lambda each: each.measures.oldest_unchecked,
    ),
    (
        "oldest_proof_timestamp_seconds", "When the file whose bytes were read longest ago was read.",
        lambda each: each.measures.oldest_proof,
    ),
    ("last_scan_timestamp_seconds", "When the last scan to the end ended.", lambda each: each.last_scan),
    ("missing_references", "Pictures that notes miss.", lambda each: each.missing_references),
    (
        "unreadable_files", "Images and folders that the last scan could not read.",
        lambda each: each.unreadable,
    ),
)  # fmt: skip
"""What each storage directory has: the name after ``strandline_sd_``, the help, and the number."""


def list_metrics(status: StoreStatus, version: str) -> list[Metric]:
    """The metrics, in the order in which they are shown."""
    sds = [(each, {"sd": each.sd.name, "sd_id": each.sd.sd_id or ""}) for each in status.sds]
    return [
        Metric("strandline_build_info", "gauge", "The version that answers.", [({"version": version}, 1)]),
        Metric(
            "strandline_outcome", "gauge", "1 for what the status comes to: well, look, or unknown.",
            [({"outcome": each.value}, int(each is status.outcome)) for each in Outcome],
        ),
        Metric(
            "strandline_reasons", "gauge", "1 for each reason to look at a storage directory or the home.",
            [
                ({"sd": each.sd.name if each.sd else "", "sd_id": each.sd_id or "", "reason": each.kind}, 1)
                for each in status.reasons
            ],
        ),
        Metric("strandline_images", "gauge", "Distinct images.", [({}, status.images)]),
        Metric(
            "strandline_sd_files", "gauge", "Image files in each state.",
            [(sd | {"state": state}, number) for each, sd in sds for state, number in each.states.items()],
        ),
        *(
            Metric(f"strandline_sd_{name}", "gauge", text, [(sd, number(each)) for each, sd in sds])
            for name, text, number in PER_FOLDER
        ),
        Metric(
            "strandline_home_free_bytes", "gauge", "Bytes that may still be written to the disk of the home.",
            [({}, status.home_free_bytes)],
        ),
        Metric("strandline_trash_files", "gauge", "Files in the trash.", [({}, status.trash_files)]),
        Metric("strandline_trash_bytes", "gauge", "Bytes of the files in the trash.", [({}, status.trash_bytes)]),
        Metric("strandline_journal_events", "gauge", "Events in the journal.", [({}, status.journal_events)]),
        Metric(
            "strandline_decoder_failures_total", "counter",
            "How often a decoder gave no picture since the server started.",
            [({"code": code}, number) for code, number in status.decoder_failures.items()],
        ),
    ]  # fmt: skip


MEASURED: tuple[tuple[str, str, str, str], ...] = (
    (
        "s3", "strandline_s3_request_seconds", "operation",
        "Requests to object stores, with their repetitions.",
    ),
    ("sql", "strandline_sql_seconds", "operation", "Statements and commits in PostgreSQL."),
    (
        "arrivals", "strandline_arrival_lag_seconds", "source",
        "From when a notice or a listing told of an image to its proof.",
    ),
)  # fmt: skip
"""What is measured: its name, that of the metric, the label for what was asked, and the help."""


def list_operations(operations: Operations) -> list[Metric]:
    """What there is besides for a shared catalog, and for buckets."""
    return [
        Metric(
            "strandline_notices_waiting", "gauge", "Names that an object store told of, and nobody looked at yet.",
            [({}, operations.notices_waiting)],
        ),
        Metric(
            "strandline_notices_dropped_total", "counter",
            "Names that had no room, since the server started. The next scan finds them.",
            [({}, operations.notices_dropped)],
        ),
        *(
            Metric(
                name, "histogram", text,
                [
                    (
                        {"process": each.process, label: each.what, "outcome": each.outcome},
                        Spread(each.bounds_s, each.numbers, each.sum_s),
                    )
                    for each in operations.measured.get(measured, ())
                ],
            )
            for measured, name, label, text in MEASURED
        ),
        *_list_work(operations.work),
    ]  # fmt: skip


def _list_work(work: WorkMeasures | None) -> list[Metric]:
    kinds = [] if work is None else [(each, {"kind": each.kind.value}) for each in work.kinds]
    return [
        Metric(
            "strandline_work_parts", "gauge", "Parts of the work that are not done, in each state.",
            [
                (kind | {"state": state}, number)
                for each, kind in kinds
                for state, number in (
                    ("waiting", each.waiting), ("running", each.running), ("failed", each.failed)
                )
            ],
        ),
        Metric(
            "strandline_work_oldest_waiting_timestamp_seconds", "gauge",
            "Since when the oldest task with parts that nobody does has been open.",
            [(kind, each.oldest_waiting) for each, kind in kinds],
        ),
        Metric(
            "strandline_work_tasks", "gauge", "Open tasks, and storage directories whose last task failed.",
            [
                (kind | {"state": state}, number)
                for each, kind in kinds
                for state, number in (
                    ("working", each.working_tasks), ("paused", each.paused_tasks), ("failed", each.failed_tasks)
                )
            ],
        ),
        Metric(
            "strandline_work_workers", "gauge", "Workers that are there, by their version.",
            [({"version": version}, count) for version, count in (work.workers.items() if work else ())],
        ),
        Metric(
            "strandline_work_progress_timestamp_seconds", "gauge",
            "When a worker last recorded progress of what is open.",
            [({}, work.last_progress if work else None)],
        ),
    ]  # fmt: skip


def _iter_lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for labels, number in metric.samples:
        if isinstance(number, Spread):
            yield from _iter_spread(metric.name, labels, number)
        elif number is not None:
            said = number.timestamp() if isinstance(number, datetime) else number
            yield f"{metric.name}{_say_labels(labels)} {said}"


def _iter_spread(name: str, labels: Mapping[str, str], spread: Spread) -> Iterator[str]:
    total = 0
    for bound, number in zip((*spread.bounds_s, "+Inf"), spread.numbers, strict=True):
        total += number
        yield f"{name}_bucket{_say_labels({**labels, 'le': str(bound)})} {total}"
    yield f"{name}_sum{_say_labels(labels)} {spread.sum_s}"
    yield f"{name}_count{_say_labels(labels)} {total}"


def _say_labels(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escape(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escape(value: str) -> str:
    plain = value.encode("utf-8", "backslashreplace").decode()
    return plain.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
