"""The source stays readable: files and functions of limited size, nothing left for later, and plain English."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parents[2]
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

LARGER_WITH_REASON: dict[str, str] = {
    "src/strandline/catalog/schema.py::say_schema": "the tables, one after another",
    "src/strandline/errors.py": "one tree of errors, each with its code, read as one",
    "src/strandline/folders/buckets/folder.py": "the same for a bucket",
    "src/strandline/folders/local.py": "one kind of place: a method for each of the port's, most of three lines",
    "src/strandline/folders/port.py": "one protocol, with the contract of each method",
    "src/strandline/model/states.py": "the two rules of states, with the reasons, read as one",
    "src/strandline/runtime/setting_sections.py": "one section after another: a field for each setting",
    "src/strandline/services/checking/check.py": "one run over notes, and the questions that it answers",
    "src/strandline/services/scanning/scan.py": "one scan, step by step",
    "src/strandline/store.py": "the facade: its docstrings are the library's reference",
    "tests/catalog/test_database.py": "opening, migrating, sharing, and every way to break one",
    "tests/model/test_states.py": "SPEC's states sentence by sentence, beside the laws that they must not break",
    "tests/runtime/change_notice/test_contract.py": "one contract, read as one: each backend runs all of it",
    "tests/services/test_named_folders.py": "the whole life of one folder, through all services",
    "tests/services/scanning/test_scan_absence.py": "every way in which files can be gone, told apart",
}
"""Exceptions with reasons: ``path`` or ``path::function`` to a reason. Splitting is better."""

STIFF = re.compile(
    r"\b(anew|whom?(so)?ever|wherein|whereof|thereof|hitherto|for ever|but for|lies there|what lies"
    r"|(was|were|is|are|be|been) come by|(true|false|none|empty) where"
    r"|(behaviour|centre|colour|favour|grey|honour|licence|metre|neighbour)\w*"
    r"|(capital|initial|maxim|minim|normal|optim|organ|recogn|serial|summar|synchron|util)is(e|ed|es|ing|ation))\b",
    re.IGNORECASE,
)
"""Stiff words and British spelling. Say "again", "if", "except for", "whatever is there", "color"."""

CODE = re.compile(r"```.*?```|``.*?``|`[^`]*`", re.DOTALL)
PROSE = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**/*.md", "demo/**/*.md")


def iter_python_files(*folders: str) -> Iterator[tuple[str, str]]:
    """Path within the project, and text."""
    for folder in folders:
        for path in sorted((PROJECT / folder).rglob("*.py")):
            yield path.relative_to(PROJECT).as_posix(), path.read_text()


@dataclass(frozen=True)
class Part:
    """A file, or a function in one."""

    name: str
    """``path`` or ``path::function``."""
    lines: int
    has_docstring: bool


@cache
def list_parts() -> tuple[Part, ...]:
    """All files of source, each followed by its functions. Parsing them takes seconds, so it is done once."""
    parts = []
    for path, text in iter_python_files("src", "tests", "bench", "demo"):
        tree = ast.parse(text)
        parts.append(Part(path, len(text.splitlines()), has_docstring=bool(ast.get_docstring(tree))))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                has_docstring = bool(ast.get_docstring(node, clean=False))
                parts.append(Part(f"{path}::{node.name}", lines, has_docstring))
    return tuple(parts)


def test_files_and_functions_have_a_readable_size() -> None:
    """A file over 400 lines or a function over 60 is listed above with its reason; nothing else is."""
    large = {
        part.name
        for part in list_parts()
        if part.lines > (MAX_FUNCTION_LINES if "::" in part.name else MAX_FILE_LINES)
    }
    assert large == set(LARGER_WITH_REASON)


def test_nothing_is_left_for_later() -> None:
    """Open work belongs in an issue, not in a comment."""
    left = re.compile(r"\b(TODO|FIXME|HACK|XXX)\b|\bfor now\b")
    found = [
        f"{path}:{number} {line.strip()}"
        for path, text in iter_python_files("src")
        for number, line in enumerate(text.splitlines(), 1)
        if left.search(line)
    ]
    assert found == []


def test_every_module_says_what_it_is() -> None:
    """The first lines of the files explain the tree."""
    silent = [
        part.name
        for part in list_parts()
        if "::" not in part.name and not part.has_docstring and not part.name.endswith("__main__.py")
    ]
    assert silent == []


def test_every_test_is_a_promise() -> None:
    """A test's docstring is the promise that it keeps."""
    silent = [
        part.name
        for part in list_parts()
        if part.name.startswith("tests/") and "::test_" in part.name and not part.has_docstring
    ]
    assert silent == []


def iter_prose(text: str) -> Iterator[tuple[int, str]]:
    """The docstrings and comments of a Python file, each with its line."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.lineno, str(node.value.value)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def find_stiff(text: str) -> list[str]:
    """The stiff words outside code, each with some words around it."""
    text = " ".join(CODE.sub("", text).split())
    return [text[max(0, word.start() - 30) : word.end() + 30] for word in STIFF.finditer(text)]


def test_english_is_plain() -> None:
    """No stiff words and no British spelling in docstrings, comments, and documentation."""
    found = [
        f"{path}:{line} {words}"
        for path, text in iter_python_files("src", "tests", "bench", "demo", "trials")
        if STIFF.search(" ".join(text.split()))
        for line, prose in iter_prose(text)
        for words in find_stiff(prose)
    ]
    for pattern in PROSE:
        for file in sorted(PROJECT.glob(pattern)):
            found += [f"{file.relative_to(PROJECT)} {words}" for words in find_stiff(file.read_text())]
    assert found == []


def test_surprises_are_rare() -> None:
    """What surprises in every module surprises nobody: at most twenty modules say so."""
    surprising = [
        path for path, text in iter_python_files("src") if "What surprises" in " ".join(text.split())
    ]
    assert len(surprising) <= 20, surprising


def test_stiff_words_are_told_from_plain_ones() -> None:
    """The pattern has no false alarms for words that only look similar."""
    assert all(
        map(STIFF.search, ("made anew", "None where none is", "how it was come by", "Recognised colours"))
    )
    plain = (
        "images come by sync; forever; however; a new one; the folder where it is; license; precise; exercise"
    )
    assert STIFF.search(plain) is None
