"""Fuzzing: every input that ever failed is tried again, and new ones are looked for, guided by coverage.

Looking takes processes that start slowly: every tenth target looks for new inputs, by the seed of the day.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from builders.sampling import take_sample
from trials.fuzzing.runs import fuzz
from trials.fuzzing.seeds import iter_seeds
from trials.fuzzing.targets import CORPUS, MAX_INPUT_BYTES, TARGETS, share_out

SECONDS_A_TOPIC = 10 if os.environ.get("CI", "").lower() in {"1", "true"} else 5
"""Shared by the topic's targets. ``python -m trials.fuzzing`` takes an hour per topic."""

MAX_CORPUS_BYTES = 400_000


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_passes(name: str) -> None:
    """The inputs that fuzzing found, and its real starting inputs, keep every promise on every Python."""
    tried = 0
    for path in sorted((CORPUS / name).iterdir()):
        TARGETS[name].check(path.read_bytes())
        tried += 1
    for data in iter_seeds(name):
        TARGETS[name].check(data)
    assert tried


def test_the_corpus_is_small_and_tidy() -> None:
    """Each folder belongs to a target, and the corpus does not slow down a clone."""
    assert {path.name for path in CORPUS.iterdir()} == TARGETS.keys()
    sizes = [path.stat().st_size for path in CORPUS.glob("*/*")]
    assert max(sizes) <= MAX_INPUT_BYTES
    assert sum(sizes) <= MAX_CORPUS_BYTES


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", take_sample(list(TARGETS), "fuzzing"))
def test_no_new_input_fails(name: str, tmp_path: Path) -> None:
    """In ten seconds per topic, no input breaks a promise, crashes, hangs, or takes much memory."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("atheris is not to be had for this system or this Python; the corpus was replayed")
    seconds = share_out(TARGETS[name].topic, SECONDS_A_TOPIC)[name]
    run = fuzz(name, tmp_path, seconds=max(1, round(seconds)))
    assert run.passed, run.said[-4000:]
    assert run.inputs > len(list(iter_seeds(name)))
