"""Messages on pages name buttons and places, never commands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from strandline.web.pages.page_words import say_on_page

SOURCE = Path(__file__).parents[3] / "src" / "strandline"

COMMAND = re.compile(r"['`](?:strandline |sd (?:add|move|forget|confirm|list|show|rename))")


def list_texts(tree: ast.AST) -> Iterator[str]:
    """The texts of a module, each f-string as one, without docstrings."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    inside |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def test_no_message_shows_a_command_on_a_page() -> None:
    """All messages below the faces are tried."""
    modules = [
        each for each in SOURCE.rglob("*.py") if each.relative_to(SOURCE).parts[0] not in ("cli", "web")
    ]
    texts = [text for module in modules for text in list_texts(ast.parse(module.read_text()))]
    commands = [text for text in texts if COMMAND.search(text)]
    assert len(commands) > 10
    assert [text for text in commands if COMMAND.search(say_on_page(text))] == []


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("wait, or run 'strandline sd confirm Notes'.", "wait, or press “Confirm”."),
        (
            "if nothing is being synced, use `sd add --new-identity`",
            "if nothing is being synced, press “Give it a new identity”",
        ),
        ("set its new path with `sd move`", "set its new path on the Folders page"),
        ("'Notes' was added with --read-only", "'Notes' was added as read-only"),
        ("the file \u202e is no image", "the file \\u202e is no image"),
    ],
)  # fmt: skip
def test_a_page_says_its_own_words(message: str, said: str) -> None:
    """What is no command stays as it is, but cannot act."""
    assert say_on_page(message) == said
