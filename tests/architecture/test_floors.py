"""The floors are kept: the contracts in pyproject.toml accept the current imports, and would catch a wrong one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
CONTRACTS = {contract["name"]: contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"]}


def lint_imports(project: Path) -> subprocess.CompletedProcess[str]:
    """Runs import-linter on the package below ``project/src`` with this project's contracts."""
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_todays_imports_go_down() -> None:
    """No import breaks a contract."""
    run = lint_imports(PROJECT)
    assert run.returncode == 0, run.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("services/bad.py", "import strandline.runtime", "Imports only go down"),
        ("model/bad.py", "from strandline import catalog", "Imports only go down"),
        ("catalog/bad.py", "def f():\n    import strandline.runtime.heap", "Imports only go down"),
        ("utils.py", "", "Imports only go down"),
        ("folders/bad.py", "import strandline.catalog", "The rooms of floor 2 are blind to each other"),
        ("model/bad.py", "import os.path", "The model is pure: no I/O, no clock, no chance, no third party"),
        (
            "model/bad.py",
            "import PIL.Image",
            "The model is pure: no I/O, no clock, no chance, no third party",
        ),
        ("web/bad.py", "import strandline.services.saving.save", "The faces talk to the store"),
        ("cli/bad.py", "from strandline.catalog.port import Reader", "The faces talk to the store"),
        ("services/bad.py", "import asyncio", "Async lives only in runtime and web"),
    ],
)
def test_a_wrong_import_is_caught(tmp_path: Path, file: str, line: str, broken: str) -> None:
    """Upward, sideways, impure, inside a function, or a room on no floor: the right contract reports it."""
    shutil.copytree(PROJECT / "src/strandline", tmp_path / "src/strandline")
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    (tmp_path / "src/strandline" / file).write_text(line)
    run = lint_imports(tmp_path)
    assert run.returncode == 1, run.stdout + run.stderr
    assert f"{broken} BROKEN" in run.stdout
    assert f"Contracts: {len(CONTRACTS) - 1} kept, 1 broken." in run.stdout


def test_every_room_is_under_the_contract_on_async() -> None:
    """import-linter has no "all except", so a new room must be listed there, or may be async."""
    package = PROJECT / "src/strandline"
    rooms = {
        path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    named = CONTRACTS["Async lives only in runtime and web"]["source_modules"]
    assert {f"strandline.{room}" for room in rooms - {"runtime", "web", "__init__", "__main__"}} == set(named)


def test_the_model_needs_no_third_party() -> None:
    """Each library that the project depends on is forbidden in the model."""
    modules = {
        "inotify-simple": "inotify_simple",
        "pi-heif": "pi_heif",
        "pillow": "PIL",
        "python-multipart": "python_multipart",
        "pyvips-binary": "pyvips",
        "sse-starlette": "sse_starlette",
    }
    project = PYPROJECT["project"]
    extras = [
        each for name, extra in project["optional-dependencies"].items() if name != "all" for each in extra
    ]
    names = [re.split(r"[\[>]", requirement)[0] for requirement in project["dependencies"] + extras]
    forbidden = CONTRACTS["The model is pure: no I/O, no clock, no chance, no third party"][
        "forbidden_modules"
    ]
    assert {modules.get(name, name) for name in names} <= set(forbidden)


def test_no_face_reaches_through_the_store() -> None:
    """Rooms below the store are not reached through its attributes either."""
    inside = re.compile(r"\bstore\._?(bench|bus|catalog)\b|\._bench\b")
    faces = [path for room in ("cli", "web") for path in (PROJECT / "src/strandline" / room).rglob("*.py")]
    assert [path.name for path in faces if inside.search(path.read_text())] == []
    assert inside.search("backend.store.bench.catalog.read()")
