"""A fresh environment with a built wheel and what the core of Strandline depends on, made without a network.

Dependencies are copied from the environment that runs the tests, so they have the versions of the lock. What only an
extra depends on is not there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[2]


def build_wheel(folder: Path) -> Path:
    """The wheel of this checkout."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=PROJECT, check=True
    )
    [wheel] = folder.glob("strandline-*.whl")
    return wheel


def make_core_environment(folder: Path, wheel: Path) -> Path:
    """Makes the environment. Returns its Python."""
    venv.create(folder, symlinks=True, with_pip=False)
    names = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", "venv", vars=names))
    with ZipFile(wheel) as archive:
        archive.extractall(site)
    [metadata] = site.glob("strandline-*.dist-info")
    for needed in _iter_needed(PathDistribution(metadata), set()):
        for file in needed.files or ():
            if ".." not in file.parts:
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file.locate(), site / file)
    return Path(sysconfig.get_path("scripts", "venv", vars=names)) / Path(sys.executable).name


def measure(site: Path) -> int:
    """Bytes on the disk, as ``du`` counts them."""
    return sum(path.lstat().st_blocks * 512 for path in site.rglob("*"))


def list_core_requirements(needed_by: Distribution) -> list[str]:
    """Names of what a distribution needs here if nobody asks for an extra."""
    wanted = map(Requirement, needed_by.requires or ())
    return [each.name for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]


def _iter_needed(needed_by: Distribution, seen: set[str]) -> Iterator[Distribution]:
    for name in list_core_requirements(needed_by):
        if name not in seen:
            seen.add(name)
            needed = distribution(name)
            yield needed
            yield from _iter_needed(needed, seen)


def clean_environment(home: Path) -> dict[str, str]:
    """Variables for a program that must find nothing of the environment that runs the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"STRANDLINE_HOME": str(home), "NO_COLOR": "1"}
