"""In CI nothing is skipped: a test that did not run has failed."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
CONFTEST = PROJECT / "tests" / "conftest.py"

SKIPS = """
    import pytest

    def test_runs(): pass

    @pytest.mark.skip(reason="no such tool here")
    def test_is_marked(): pass

    def test_skips_itself(): pytest.skip("no such tool here")

    @pytest.mark.xfail(reason="known")
    def test_fails_as_expected(): assert False
"""


VANISHING = """
def test_always(): pass

if may_mount():
    def test_on_some_machines(): pass

class TestThere:
    def test_always(self): pass

    try:
        import tool
    except ImportError:
        pass
    else:
        async def test_where_the_tool_is(self): pass

with suppress(ImportError):
    class TestHereAndThere: pass
"""


INDENTED = re.compile(r"^\s+(async\s+)?(def|class)\s+test", re.IGNORECASE | re.MULTILINE)
"""Whatever is defined under a condition is indented. Few files have such tests, and only these are parsed."""


def list_conditional_tests(text: str) -> set[str]:
    """Names of test functions and classes that are defined only under a condition."""
    if not INDENTED.search(text):
        return set()
    tree = ast.parse(text)
    unconditional = [node for part in list_bodies(tree) for node in part]
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if node.name.lower().startswith("test") and node not in unconditional
    }


def list_bodies(tree: ast.Module) -> list[list[ast.stmt]]:
    """The body of the file itself, and of each of its classes."""
    return [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]


def test_every_test_is_there_on_every_machine() -> None:
    """A test that is defined under a condition is not skipped if that fails: it vanishes, and the run is green."""
    vanishing = {"test_on_some_machines", "test_where_the_tool_is", "TestHereAndThere"}
    assert list_conditional_tests(VANISHING) == vanishing
    found = [
        (path.relative_to(PROJECT).as_posix(), name)
        for folder in ("tests", "trials")
        for path in sorted((PROJECT / folder).rglob("test_*.py"))
        for name in list_conditional_tests(path.read_text())
    ]
    assert found == []


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with this project's conftest: a file with skips, one that skips itself, and one without."""
    monkeypatch.setenv("PYTHONPATH", str(CONFTEST.parent))
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makepyfile(test_skips=SKIPS, test_fine="def test_fine(): pass")
    pytester.makepyfile(test_whole_file="import pytest\npytest.skip('whole file', allow_module_level=True)")
    return pytester


@pytest.mark.slow
def test_in_ci_a_skip_is_a_failure(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Marked, from inside, or a whole file: each fails the run with its reason, in a worker as in CI."""
    monkeypatch.setenv("CI", "true")
    run = project.runpytest_subprocess("-p", "no:schemathesis", "-n", "1", "--continue-on-collection-errors")
    run.assert_outcomes(passed=2, failed=1, errors=2, xfailed=1)
    run.stdout.fnmatch_lines(["FAILED *no such tool here*", "ERROR test_whole_file.py*whole file*"])
    assert run.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.slow
def test_elsewhere_a_skip_is_a_skip(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer without a sync client still gets a green run that reports the skips."""
    monkeypatch.delenv("CI", raising=False)
    project.runpytest_subprocess("-p", "no:schemathesis").assert_outcomes(passed=2, skipped=3, xfailed=1)
