"""Servers in processes of their own, on one catalog, as behind a load balancer."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from builders.program import command_line
from builders.served import NO_TLS

LIMIT_S = 60.0


@dataclass
class Running:
    """A server in a process of its own."""

    home: Path
    process: subprocess.Popen[str]
    address: str
    link: str

    def client(self, **headers: str) -> httpx.Client:
        """A client like a browser's page."""
        origin = {"origin": self.address.rstrip("/")}
        return httpx.Client(base_url=self.address, headers=origin | headers, timeout=LIMIT_S, verify=NO_TLS)

    def upload(self, data: bytes, token: str) -> None:
        """A program saves an image."""
        url, headers = f"{self.address}api/v1/images?sd=Pics", {"authorization": f"Bearer {token}"}
        answer = httpx.post(url, content=data, headers=headers, timeout=LIMIT_S, verify=NO_TLS)
        assert answer.status_code == 201, answer.text


def start(home: Path, environment: Mapping[str, str]) -> Running:
    """Starts a server, and waits until it listens."""
    process = subprocess.Popen(
        command_line("--home", str(home), "serve", "--port", "0"),
        env=os.environ | environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    address, link = process.stdout.readline().strip(), process.stdout.readline().strip()
    assert address.startswith("http://"), address
    return Running(home, process, address, link)


def end(server: Running) -> None:
    """Ends it, however it is."""
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(LIMIT_S)
    assert server.process.stdout is not None
    server.process.stdout.close()
