"""The table of latencies can be made. Its numbers depend on the machine, and are not tested."""

from __future__ import annotations

from pathlib import Path

from scenarios.clients import CALLED
from scenarios.latencies import make_batches, measure


def test_every_image_has_a_latency(tmp_path: Path) -> None:
    """The observer sees each image arrive, and the command reports each a little later."""
    batch = make_batches()[0]
    (waited_ms,) = measure(CALLED["rsync"], tmp_path, [batch])
    assert len(waited_ms) == len(batch)
    assert waited_ms[-1] > 0
