"""What tests need from the system besides Python: real sync clients, a browser, ``strace``.

A test gets each program by ``require``. If it is missing, the test is skipped and says how to install it. In CI a
skipped test counts as failed (``tests/conftest.py``), and ``.ci/packages.txt`` lists what CI installs. A test in
``tests/architecture`` keeps the two in step.
"""

from __future__ import annotations

import shutil

import pytest


def require(program: str, package: str) -> str:
    """The path of a program that the calling test or fixture needs.

    Args:
        program: The program's name on PATH: ``rsync``.
        package: The Debian package that contains it. Both are literals, so that they can be checked.
    """
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed: apt-get install {package}")
    return path


def require_browser() -> str:
    """The path of Debian's Chromium: the build without windows, which opens a page with a third of the work, or the
    usual one if only that is installed.
    """
    return (
        shutil.which("chromium-headless-shell")
        or shutil.which("chromium")
        or require("chromium-headless-shell", "chromium-headless-shell")
    )
