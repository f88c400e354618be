"""Every message in the source, by construction: its texts, with the commands that it offers filled in.

What a message takes from outside becomes ``X``. Commands from ``model/remedies`` are made by the real functions, for
a storage directory with a blank in its name.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import strandline
from builders.reports import make_storage_dir
from strandline.model import remedies

SOURCE = Path(strandline.__file__).parent

STORAGE_DIR = make_storage_dir(name="My Vault")

_MAKERS = {
    name: maker for name, maker in vars(remedies).items() if name.startswith(("say_", "refer_to", "quote_"))
}


def iter_messages(*, without: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Where it is, and the text; no docstrings. ``without`` are folders below the package."""
    for module in sorted(SOURCE.rglob("*.py")):
        path = module.relative_to(SOURCE)
        if path.parts[0] not in without and module != Path(remedies.__file__):
            for line, text in list_texts(ast.parse(module.read_text())):
                yield f"{path.as_posix()}:{line}", text


def list_texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The texts of a module without docstrings, each f-string as one, and commands that are made outside texts."""
    nodes = list(ast.walk(tree))
    inside = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    inside |= {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(map(_fill_in, node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MAKERS:
            yield node.lineno, _make(node)


def _fill_in(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    assert isinstance(part, ast.FormattedValue)
    value = part.value
    return _make(value) if _is_made(value) else "X"


def _is_made(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MAKERS


def _make(node: ast.expr) -> str:
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    maker = _MAKERS[node.func.id]
    parameters = list(inspect.signature(maker).parameters.values())
    arguments: list[Any] = []
    for number, argument in enumerate(node.args):
        parameter = parameters[min(number, len(parameters) - 1)]
        if parameter.annotation == "StorageDir":
            arguments.append(STORAGE_DIR)
        elif isinstance(argument, ast.Constant):
            arguments.append(argument.value)
        else:
            arguments.append(_make(argument) if _is_made(argument) else "X")
    return str(maker(*arguments))
