"""Light to embed: the core alone saves, finds, lists and proves, and says what to type for the rest."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from builders.pictures import make_picture
from installing.core_environment import (
    PROJECT,
    build_wheel,
    clean_environment,
    list_core_requirements,
    make_core_environment,
    measure,
)
from strandline.extras import CORE, PICTURES, POSTGRES, S3, SERVE, WORK, Extra, say_how_to_install

MAX_CORE_BYTES = 40_000_000
"""On the disk, with all that it depends on, as pip leaves it."""

OLD_ID = "0d9f7c1e-3f0a-4c5e-9a52-5a3b0c1d2e3f"

IMPORT_ALL = """
import pkgutil, strandline
for module in pkgutil.walk_packages(strandline.__path__, "strandline.", onerror=print):
    if module.name != "strandline.__main__":
        try:
            __import__(module.name)
        except ImportError:
            print(module.name)
"""

MAY_NOT_LOAD = re.compile(
    r"strandline\.(web(?!\.statuses)(\..+)?|pictures\.(vips|pixels)|catalog\.postgres\.[\w.]+|runtime\.work\.\w+|runtime\.change_notice\.(inotify|watchdog))"
)
"""What extras are for, and change notices of another system."""

every_extra = pytest.mark.parametrize("extra", [PICTURES, POSTGRES, SERVE], ids=lambda extra: extra.name)


class Core:
    """A core installation and its home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = make_core_environment(folder / "venv", build_wheel(folder))
        self.environment = clean_environment(folder / "home")

    def python_says(self, *arguments: str) -> str:
        """What its Python prints."""
        command = [str(self.python), *arguments]
        run = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        return run.stdout

    def run(self, *arguments: str | Path, status: int = 0) -> Any:
        """The JSON of one command, which must end with that status."""
        command = [self.python, "-m", "strandline", "--json", *arguments]
        run = subprocess.run(command, env=self.environment, cwd=self.folder, capture_output=True, text=True)
        assert run.returncode == status, run.stderr
        return json.loads(run.stdout)


@pytest.mark.slow
def test_the_core_works_alone(tmp_path: Path) -> None:
    """A wheel with what it depends on and no extra: everything but decoding and serving works, and these two name the
    command that installs them. One test, because the environment takes seconds to make.
    """
    core = Core(tmp_path)
    assert measure(tmp_path / "venv" / "lib") < MAX_CORE_BYTES
    failed = core.python_says("-c", IMPORT_ALL).split()
    assert [name for name in failed if not MAY_NOT_LOAD.fullmatch(name)] == []
    _saves_and_finds(core)
    for extra, command in (
        (PICTURES, ("thumbnail", OLD_ID, "-o", "small.webp")),
        (SERVE, ("serve",)),
        (S3, ("sd", "add", "s3://pictures/archive")),
        (POSTGRES, ("ls",)),
    ):
        core.environment["STRANDLINE_CATALOG_URL"] = "postgresql:///pics" if extra is POSTGRES else ""
        error = core.run(*command, status=2)["error"]
        assert error["code"] == "missing-extra"
        assert error["extra"] == extra.name
        assert error["command"] in error["message"]
        assert shlex.split(error["command"])[-2:] == [str(core.python), f"strandline[{extra.name}]"]
    assert not (tmp_path / "small.webp").exists()
    core.environment["STRANDLINE_CATALOG_URL"] = ""
    _doctor_names_what_is_missing(core)
    _says_what_was_removed(core)


def _saves_and_finds(core: Core) -> None:
    notes = core.folder / "Notes"
    notes.mkdir()
    core.run("sd", "add", notes)
    (core.folder / "new.heic").write_bytes(make_picture("heic"))
    (core.folder / "old.webp").write_bytes(make_picture("webp"))
    [saved] = core.run("save", "new.heic", "--sd", "Notes")["saved"]
    assert saved["whole"]
    found = core.run("get", saved["image_id"], "-o", "found")
    assert found["proven"]
    assert (core.folder / "found").read_bytes() == (core.folder / "new.heic").read_bytes()
    core.run("save", "old.webp", "--id", OLD_ID, "--sd", "Notes")
    images = core.run("ls")["images"]
    assert {image["image_id"] for image in images} == {saved["image_id"], OLD_ID}
    assert all(image["width"] and image["height"] for image in images)
    core.run("inspect", "Notes", status=0)


def _doctor_names_what_is_missing(core: Core) -> None:
    checks = {check["name"]: check for check in core.run("doctor", status=1)["checks"]}
    assert not checks["decoders"]["ok"]
    assert "'strandline[pictures]'" in checks["decoders"]["remedy"]
    assert checks["server"]["ok"]
    assert "'strandline[serve]'" in checks["server"]["message"]


def _says_what_was_removed(core: Core) -> None:
    (core.folder / "Notes" / "note.md").write_text("![](nowhere.png)")
    core.run("check", "Notes", status=1)
    [library] = (core.folder / "venv" / "lib").glob("*/site-packages/pyromark")
    shutil.rmtree(library)
    error = core.run("check", "Notes", status=2)["error"]
    assert (error["code"], error["extra"]) == ("missing-extra", "core")
    assert shlex.split(error["command"])[-2:] == [str(core.python), "strandline"]
    checks = {check["name"]: check for check in core.run("doctor", status=1)["checks"]}
    assert "'pyromark'" in checks["core"]["message"]
    assert error["command"] in checks["core"]["remedy"]


def test_the_core_looks_for_all_that_it_needs() -> None:
    """Each distribution that every installation has on this system."""
    needed = list_core_requirements(distribution("strandline"))
    providers = packages_distributions()
    found = {name.lower().replace("_", "-") for module in CORE.modules for name in providers[module]}
    assert found == set(needed)


@every_extra
def test_the_extras_are_what_the_project_lists(extra: Extra) -> None:
    """A module that an extra looks for comes from a distribution that this extra asks for."""
    listed = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    names = {re.split(r"[\[><=;\s]", line)[0] for line in listed[extra.name]}
    providers = packages_distributions()
    for module in extra.modules:
        assert {name.lower().replace("_", "-") for name in providers[module]} & names, module


def test_all_is_every_other_extra_for_one_machine() -> None:
    """Nobody who asks for all of it lacks anything, or gets what only many machines together need."""
    listed = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    others = sorted(set(listed) - {"all"})
    assert others == sorted([PICTURES.name, POSTGRES.name, S3.name, SERVE.name, WORK.name])
    assert listed["all"] == [f"strandline[{PICTURES.name},{SERVE.name}]"]


@pytest.mark.parametrize(
    ("prefix", "interpreter", "has_pip", "command"),
    [
        ("/home/ada/.local/pipx/venvs/strandline", "", False, "pipx inject strandline 'strandline[serve]'"),
        ("/srv/app", "/srv/app/bin/python", True, "/srv/app/bin/python -m pip install 'strandline[serve]'"),
        (
            "/srv/my app",
            "/srv/my app/bin/py",
            True,
            "'/srv/my app/bin/py' -m pip install 'strandline[serve]'",
        ),
        ("/srv/app", "/srv/app/bin/py", False, "uv pip install --python /srv/app/bin/py 'strandline[serve]'"),
        ("/usr", "", True, "python3 -m pip install 'strandline[serve]'"),
    ],
)
def test_the_command_fits_the_environment(prefix: str, interpreter: str, has_pip: bool, command: str) -> None:
    """It can be pasted as it is, in the environment that lacks the extra."""
    assert say_how_to_install(SERVE, PurePosixPath(prefix), interpreter, has_pip=has_pip) == command


@pytest.mark.parametrize(
    ("prefix", "has_pip", "command"),
    [
        ("/home/ada/.local/pipx/venvs/strandline", False, "pipx reinstall strandline"),
        ("/srv/app", True, "/srv/app/bin/python -m pip install strandline"),
        ("/srv/app", False, "uv pip install --python /srv/app/bin/python strandline"),
    ],
)
def test_a_library_that_was_removed_comes_back(prefix: str, has_pip: bool, command: str) -> None:
    """An installer that is asked for what is there adds what that lacks."""
    interpreter = f"{prefix}/bin/python"
    assert say_how_to_install(CORE, PurePosixPath(prefix), interpreter, has_pip=has_pip) == command
