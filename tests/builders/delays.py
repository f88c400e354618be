"""Delays: how long a server keeps a client waiting that sends the same small request at a steady pace.

The client is a process of its own, so the caller's work does not slow it down. It sends a request only after the last
one was answered, so a stall of a second delays one of its requests. Fifty independent clients would each be delayed.
Their delays are added: each stall counts again, less the time until the next request is due, and so on.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import quantiles
from urllib.parse import urlsplit

QUESTION = "/api/v1/images"
EVERY_S = 0.02
LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Delays:
    """Delays of one client, in seconds."""

    all_s: tuple[float, ...]

    @property
    def p50_s(self) -> float:
        """Half of the requests took longer."""
        return quantiles(self.all_s, n=100)[49]

    @property
    def p99_s(self) -> float:
        """One of a hundred requests took longer."""
        return quantiles(self.all_s, n=100)[98]


def measure_delays(address: str, headers: dict[str, str], *, seconds: float) -> Delays:
    """Sends requests for this many seconds.

    Args:
        address: The server's, as ``strandline serve`` prints it.
        headers: With the token.
        seconds: Two of them give some hundred delays.
    """
    client = subprocess.run(
        [sys.executable, __file__, address, json.dumps(headers), str(seconds)],
        capture_output=True,
        text=True,
        timeout=LIMIT_S + seconds,
        check=True,
    )
    return Delays(tuple(json.loads(client.stdout)))


def _ask_often(address: str, headers: dict[str, str], seconds: float) -> list[float]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=LIMIT_S)
    delays = []
    end_s = time.monotonic() + seconds
    while (began_s := time.monotonic()) < end_s:
        connection.request("GET", QUESTION, headers=headers)
        response = connection.getresponse()
        response.read()
        if response.status != 200:
            raise SystemExit(f"the server answered {response.status}")
        delay_s = time.monotonic() - began_s
        delays += [delay_s - later * EVERY_S for later in range(1 + int(delay_s / EVERY_S))]
        time.sleep(EVERY_S)
    return delays


if __name__ == "__main__":
    json.dump(_ask_often(sys.argv[1], json.loads(sys.argv[2]), float(sys.argv[3])), sys.stdout)
