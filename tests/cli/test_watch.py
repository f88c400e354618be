"""``strandline watch``: prints events as they happen, until it is stopped."""

from __future__ import annotations

import json
import signal

import pytest

from builders.command_home import SD_ID, CommandHome
from builders.program import LIMIT_S, run, started

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_arrival_is_told_at_once_and_a_signal_ends_it_quietly(
    made: CommandHome, number: signal.Signals
) -> None:
    """One JSON object per line, flushed. Ctrl-C and SIGTERM end it as they end ``serve``: with 0, silently."""
    root = made.make_storage_dir()
    with started("watch", "--json") as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert (first["type"], first["sd_id"]) == ("scan.started", SD_ID.format(1))
        image_id = made.put(root)
        events = (json.loads(line) for line in process.stdout)
        arrival = next(event for event in events if event["type"] == "image.available")
        assert (arrival["image_id"], arrival["state"]) == (image_id, "present")
        process.send_signal(number)
        _, said = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, said) == (0, "")


def test_a_reader_that_goes_away_ends_it(made: CommandHome) -> None:
    """As in ``strandline watch | head -1``: it ends quietly, at the next event."""
    root = made.make_storage_dir()
    with started("watch", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        process.stdout = None
        made.put(root)
        assert process.wait(LIMIT_S) == 0
        assert process.stderr.read() == ""


def test_once_ends_by_itself(made: CommandHome) -> None:
    """It ends after the scan and the proofs. --since repeats earlier events, as text for people."""
    root = made.make_storage_dir()
    image_id = made.put(root)
    first = run("watch", "--once", "--json")
    assert first.status == 0
    events = [json.loads(line) for line in first.text.splitlines()]
    assert [event["image_id"] for event in events if event["type"] == "image.available"] == [image_id]
    assert "image.available" not in run("watch", "--once").text
    again = run("watch", "--once", "--since", "0")
    assert any(
        line.split()[1:] == ["image.available", "Notes", f"{image_id}.png"]
        for line in again.text.splitlines()
    )
