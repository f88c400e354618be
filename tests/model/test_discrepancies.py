"""The table of discrepancies: complete, with grades, and with remedies in the words of each face."""

from __future__ import annotations

from dataclasses import fields
from string import Formatter

import pytest

from builders.reports import make_storage_dir, make_sync_status
from strandline.cli import inspection_letter
from strandline.model.discrepancies import DISCREPANCIES, Discrepancy, Grade, Verb
from strandline.model.sync_status import FileItem, SyncStatus
from strandline.web.pages import remedies


def test_every_list_of_a_sync_status_has_one_row() -> None:
    """And every row has its list: nothing that is found goes without a word on what it means."""
    lists = sorted(field.name for field in fields(SyncStatus) if field.type == "list[FileItem]")
    assert sorted(row.key for row in DISCREPANCIES) == lists
    assert sorted(SyncStatus.LISTS) == lists


def test_worst_news_comes_first() -> None:
    """The table is sorted by grade."""
    order = [list(Grade).index(row.grade) for row in DISCREPANCIES]
    assert order == sorted(order)


def test_every_face_knows_every_verb() -> None:
    """A remedy asks only for what both faces can do, and no verb is there for nothing."""
    used = {name for row in DISCREPANCIES for _, name, _, _ in Formatter().parse(row.remedy) if name}
    assert used == set(Verb) == set(inspection_letter.list_verbs(make_storage_dir())) == set(remedies.VERBS)


@pytest.mark.parametrize("row", DISCREPANCIES, ids=lambda row: row.key)
def test_the_grade_decides_whether_a_folder_is_healthy(row: Discrepancy) -> None:
    """One file in a list of findings is enough; no number of notes is."""
    status = make_sync_status(lists={row.key: [FileItem("x.png", None, 3)]})
    assert status.is_healthy is (row.grade is not Grade.FINDING)
    assert status.list_discrepancies() == [(row, [FileItem("x.png", None, 3)])]
    assert [row.say_heading(1), row.say_heading(1200)] == [f"1 {row.one}", f"1,200 {row.many}"]


def test_only_what_the_spec_calls_a_finding_is_one() -> None:
    """Damage, half images, and unreadable files make ``inspect`` exit with 1 (SPEC §9); an edited file does not."""
    findings = {row.key for row in DISCREPANCIES if row.grade is Grade.FINDING}
    assert findings == {"damaged", "incomplete", "unreadable"}
