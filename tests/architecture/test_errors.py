"""Every error has one code, and a place in the tree, in the reference, and in both tables of statuses."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from strandline import errors
from strandline.cli.exit_status import EXIT_STATUS, ExitStatus, exit_status_of
from strandline.errors import StrandlineError
from strandline.web.pages.problem_pages import list_problem_kinds
from strandline.web.problems import REFUSALS, answer_error
from strandline.web.statuses import HTTP_STATUS, http_status_of

SOURCE = Path(errors.__file__).parent
REFERENCE = Path(__file__).parents[2] / "docs/reference/errors.md"

ERRORS: list[type[StrandlineError]] = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, StrandlineError) and kind is not StrandlineError
]
every_error = pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)


def _parents_in_docstring() -> dict[str, str]:
    """From name to parent's name, as in the tree in the docstring of errors.py."""
    parents: dict[str, str] = {}
    above = {0: "StrandlineError"}
    for line in (errors.__doc__ or "").splitlines():
        if drawn := re.match(r"    ([ │]*)[├└]── (\w+)\s+\S", line):
            depth = len(drawn[1]) // 4
            parents[drawn[2]] = above[depth]
            above[depth + 1] = drawn[2]
    return parents


def _rows_in_reference() -> dict[str, list[str]]:
    """From code to the other cells of its row."""
    lines = [line for line in REFERENCE.read_text().splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len({row[0] for row in cells}) == len(cells), "a code stands there twice"
    return {row[0].strip("`"): row[1:] for row in cells}


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    """The tree shows each class under its first base class, and no others."""
    assert _parents_in_docstring() == {kind.__name__: kind.__bases__[0].__name__ for kind in ERRORS}


def test_all_errors_live_on_floor_0() -> None:
    """errors.py is the one place to look: no class elsewhere derives from one of its classes."""
    ours = {"StrandlineError"} | {kind.__name__ for kind in ERRORS}
    strays = [
        f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}"
        for path in SOURCE.rglob("*.py")
        if path != Path(errors.__file__)
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ClassDef) and ours & {ast.unparse(base).split(".")[-1] for base in node.bases}
    ]
    assert strays == []


def test_every_code_has_a_page() -> None:
    """The type of a problem leads there: with the status of its row, and words instead of markup."""
    pages = list_problem_kinds()
    assert pages.keys() == {StrandlineError.code, *(kind.code for kind in ERRORS), *REFUSALS}
    assert [kind.code for kind in ERRORS if pages[kind.code].status != http_status_of(kind("x"))] == []
    assert [each.code for each in pages.values() if not each.meaning or ":class:" in each.meaning] == []


def test_codes_are_kebab_case_and_unique() -> None:
    """A program can distinguish errors by code. A class without its own code would share its parent's."""
    codes = [StrandlineError.code, *(kind.code for kind in ERRORS)]
    assert len(set(codes)) == len(codes)
    assert [code for code in codes if not re.fullmatch(r"[a-z]+(-[a-z]+)*", code)] == []


@every_error
def test_every_error_has_an_exit_status(kind: type[StrandlineError]) -> None:
    """Its own row or that of a base class. If base classes have two different rows, the class needs its own."""
    rows = {EXIT_STATUS[base] for base in kind.__mro__ if base in EXIT_STATUS}
    assert rows, f"{kind.__name__} needs a row in EXIT_STATUS"
    assert len(rows) == 1 or kind in EXIT_STATUS, f"{kind.__name__} is two things: give it a row of its own"
    assert exit_status_of(kind("what happened; what to do")) not in {ExitStatus.DONE, ExitStatus.FAULT}


@every_error
def test_every_error_has_an_http_status(kind: type[StrandlineError]) -> None:
    """The same for HTTP."""
    rows = {HTTP_STATUS[base] for base in kind.__mro__ if base in HTTP_STATUS}
    assert rows, f"{kind.__name__} needs a row in HTTP_STATUS"
    is_plain = len(kind.__bases__) == 1
    assert is_plain or len(rows) == 1 or kind in HTTP_STATUS, f"{kind.__name__} needs a row of its own"
    assert 400 <= http_status_of(kind("what happened; what to do")) <= 599


def test_an_error_of_no_kind_is_a_fault_of_ours() -> None:
    """Nothing should raise the root class. If it happens, the exit status says that it is a bug."""
    assert exit_status_of(StrandlineError("")) == 3


@every_error
def test_the_reference_explains_every_error(kind: type[StrandlineError]) -> None:
    """docs/reference/errors.md has, for every code, the class, both statuses, the meaning, and what to do."""
    row = _rows_in_reference().get(kind.code)
    assert row, f"docs/reference/errors.md lacks a row for `{kind.code}`"
    exit_status = exit_status_of(kind(""))
    assert row[:3] == [f"`{kind.__name__}`", str(exit_status), str(http_status_of(kind("")))]
    meaning, remedy = row[3:]
    assert meaning.endswith(".")
    assert remedy.endswith(".")


def test_the_reference_explains_no_other_error() -> None:
    """A removed code leaves the reference, too."""
    assert set(_rows_in_reference()) == {kind.code for kind in ERRORS}


def test_what_a_disk_refused_is_in_the_servers_log(caplog: pytest.LogCaptureFixture) -> None:
    """A full disk concerns the person who runs the server. A wrong id does not."""
    assert answer_error(errors.DiskFullError("no space left in /somewhere")).status_code == 507
    assert answer_error(errors.InvalidImageIdError("no id")).status_code == 422
    assert [record.getMessage() for record in caplog.records] == [
        "a request failed: no space left in /somewhere"
    ]
