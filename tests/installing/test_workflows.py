"""The workflow files are valid, run only pinned code, and may do no more than they must.

They are checked against the published schema here. That says nothing about a run: none is made here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

PROJECT = Path(__file__).parents[2]
WORKFLOWS = sorted((PROJECT / ".github/workflows").iterdir())

every_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def read(path: Path) -> dict[str, Any]:
    """One workflow."""
    document: dict[str, Any] = yaml.safe_load(path.read_text())
    return document


def list_steps(path: Path) -> list[dict[str, Any]]:
    """The steps of all its jobs."""
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def test_the_workflows_fit_the_published_schema(tmp_path: Path) -> None:
    """All are valid, and the check notices a key that does not exist."""
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "runs_on:", 1))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    command += ["--output-format", "json", *map(str, WORKFLOWS), str(broken)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    errors = json.loads(run.stdout)["errors"]
    assert {error["filename"] for error in errors} == {str(broken)}


@every_workflow
def test_actions_are_pinned(path: Path) -> None:
    """By commit, so that nobody can replace them, with the version beside it for people."""
    used = re.findall(r"uses: (.+)", path.read_text())
    assert len(used) == sum("uses" in step for step in list_steps(path)) > 0
    assert [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", each)] == []


@every_workflow
def test_permissions_are_the_least(path: Path) -> None:
    """Reading the checkout. Only the job that publishes may ask for an identity, and it runs no code of ours."""
    workflow = read(path)
    assert workflow["permissions"] == {"contents": "read"}
    more = {name: job for name, job in workflow["jobs"].items() if "permissions" in job}
    assert set(more) == ({"publish"} if path.name == "publish.yml" else set())
    for job in more.values():
        assert job["permissions"] == {"id-token": "write"}
        assert job["environment"] == "pypi"
        assert [step for step in job["steps"] if "run" in step] == []


@every_workflow
def test_nothing_from_outside_gets_into_a_shell(path: Path) -> None:
    """A name of a branch or a tag is data: a shell gets it as a variable only."""
    assert "pull_request_target" not in path.read_text()
    assert [step["run"] for step in list_steps(path) if "${{" in step.get("run", "")] == []


def test_linux_runs_all_that_must_pass() -> None:
    """The same script as everywhere, so there are no two lists of checks."""
    [linux] = [
        job for name, job in read(PROJECT / ".github/workflows/ci.yml")["jobs"].items() if name == "linux"
    ]
    assert linux["steps"][-1] == {"run": "bash .ci/run"}
