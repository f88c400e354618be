"""CI installs the system packages that the tests need, and a skipped test says how to install them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.system_packages import require

TESTS = Path(__file__).parents[1]
CI_PACKAGES = TESTS.parent / ".ci" / "packages.txt"


def iter_required_packages() -> Iterator[tuple[str, str]]:
    """The place of each ``require(program, package)`` in the tests, and the package."""
    for path in TESTS.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "require" not in text:  # parsing all files takes seconds
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require":
                package = node.args[1]
                assert isinstance(package, ast.Constant), f"{path.name}:{node.lineno}: not a literal"
                yield f"{path.name}:{node.lineno}", str(package.value)


def test_ci_installs_every_package_that_a_test_asks_for() -> None:
    """``.ci/run`` skips nothing, so it installs everything that tests require."""
    installed = CI_PACKAGES.read_text(encoding="utf-8").split()
    missing = [
        (place, package)
        for place, package in iter_required_packages()
        if package not in installed and package != "no-such-package"
    ]
    assert missing == []


def test_a_missing_program_is_named_with_its_package() -> None:
    """The message of a skipped test has the command that installs it."""
    with pytest.raises(pytest.skip.Exception, match="apt-get install no-such-package"):
        require("no-such-program", "no-such-package")


def test_a_program_is_found_by_its_name() -> None:
    """The returned path can be run."""
    assert Path(require("make", "make")).is_file()
