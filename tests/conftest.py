"""What applies to every test: its own home, no skips in CI, a seed of the day, and how hard hypothesis tries."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from builders.s3_server import S3Server, run_s3_server
from builders.sampling import EXHAUSTIVE_VARIABLE, SEED_VARIABLE, get_seed, is_exhaustive, seed_of

pytest_plugins = ["pytester"]

# No deadline and no complaint about slow data: both measure the machine, and it may be busy. By itself, hypothesis
# would draw the same examples every day if it notices a CI server.
# Few examples: those of tomorrow are others.
settings.register_profile(
    "default", max_examples=25, deadline=None, derandomize=False, suppress_health_check=[HealthCheck.too_slow]
)
# While somebody works: make check
settings.register_profile("quick", settings.get_profile("default"), max_examples=8)
# By hand, overnight: pytest --hypothesis-profile=thorough
settings.register_profile("thorough", settings.get_profile("default"), max_examples=5_000)


def _is_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true"}


settings.load_profile("default")

# Here, and not in a hook: the workers of xdist inherit it, even if a run starts just before midnight.
os.environ.setdefault(SEED_VARIABLE, str(seed_of(datetime.now(UTC))))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Two workers for each core: many tests wait for other programs, the disk, or a time of quiet."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else 2 * (os.cpu_count() or 1)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Gives hypothesis the seed before its own plugin looks for one."""
    if config.getoption("--hypothesis-seed") is None:
        config.option.hypothesis_seed = str(get_seed())


def pytest_collection_finish() -> None:
    """Keeps the garbage collector from walking thousands of collected tests again and again."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> str:
    """Shows how to repeat a failed run."""
    return f"to repeat: {SEED_VARIABLE}={get_seed()}" + f" {EXHAUSTIVE_VARIABLE}=1" * is_exhaustive()


@pytest.fixture(scope="session", autouse=True)
def no_test_touches_the_users_own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Points STRANDLINE_HOME, for this process and those it starts, to a temporary folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRANDLINE_HOME", str(tmp_path_factory.mktemp("shared-home")))
        yield


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real object store, one for all tests of this process, whose credentials are in the environment."""
    with run_s3_server(tmp_path_factory.mktemp("s3")) as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            if name.startswith("AWS_"):
                patch.setenv(name, value)
        yield server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty STRANDLINE_HOME for this test alone, also in the environment."""
    path = tmp_path / "home"
    path.mkdir()
    monkeypatch.setenv("STRANDLINE_HOME", str(path))
    return path


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names a case after its bytes only if they are readable.

    Packed bytes may contain the second in which they were made. Each worker would then give the test a different
    name, and none would run.
    """
    readable = not isinstance(val, bytes) or (len(val) < 40 and val.isascii() and val.decode().isprintable())
    return None if readable else argname


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test counts as failed: what was not run proves nothing. An expected failure did run."""
    report = yield
    if _is_ci() and report.skipped and not hasattr(report, "wasxfail"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole file that skips itself."""
    report = yield
    if _is_ci() and report.skipped:
        _fail(report)
    return report


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"{reason} (nothing is skipped in CI: .ci/packages.txt says what must be there)"
