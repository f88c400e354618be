"""One real Syncthing process with its own home that contacts only this machine.

Discovery, relays, NAT traversal, STUN, usage and crash reports, and upgrades are turned off *in the configuration
file, before the first start*. What surprises: a killed test run would
leave its Syncthing running. So on Linux the kernel kills the process when the test run dies.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
import xml.etree.ElementTree as ET
from contextlib import closing
from pathlib import Path
from typing import Any

from scenarios.waiting import LIMIT_S, wait_until

HOST = "127.0.0.1"

_LOOPBACK_ONLY = {
    "globalAnnounceEnabled": "false",
    "globalAnnounceServer": "",
    "localAnnounceEnabled": "false",
    "announceLANAddresses": "false",
    "relaysEnabled": "false",
    "natEnabled": "false",
    "stunKeepaliveStartS": "0",
    "stunServer": "",
    "urAccepted": "-1",
    "urURL": "",
    "releasesURL": "",
    "autoUpgradeIntervalH": "0",
    "crashReportingEnabled": "false",
    "crashReportingURL": "",
    "startBrowser": "false",
    "restartOnWakeup": "false",
    "reconnectionIntervalS": "1",
    "progressUpdateIntervalS": "1",
    "limitBandwidthInLan": "true",  # so that a rate limit applies on loopback
    "setLowPriority": "false",
}


class SyncthingNode:
    """One machine: its Syncthing process."""

    def __init__(self, binary: str, base: Path, name: str, *, api_port: int, sync_port: int) -> None:
        self.binary = binary
        self.name = name
        self.home = base / f"home-{name}"
        self.log_path = base / f"{name}.log"
        self.api_port = api_port
        self.sync_port = sync_port
        self.process: subprocess.Popen[bytes] | None = None
        self.home.mkdir(parents=True)
        self.device_id, self._api_key = self._configure()

    # --- life -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the process unless it runs, and waits until its API answers."""
        self.begin_to_start()
        wait_until(f"API of {self.name}", self._answers, LIMIT_S, self.log_tail)

    def begin_to_start(self) -> None:
        """Starts the process unless it runs, and does not wait."""
        if self.is_running():
            return
        command = [
            self.binary,
            "serve",
            "--home",
            str(self.home),
            "--no-browser",
            "--no-restart",
            "--no-upgrade",
        ]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*_dying_with_us(), *command],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def is_running(self) -> bool:
        """True while the process lives."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Stops the process politely, or by force if that takes too long. By process id only."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """Sends SIGKILL, like a power cut. The folder stays as it is at that moment."""
        if self.process is None:
            return
        if self.is_running():
            os.killpg(self.process.pid, signal.SIGKILL)  # its own process group: see start()
        self.process.wait(15)
        self.process = None

    def log_tail(self) -> str:
        """The last lines of its log."""
        lines = self.log_path.read_text(errors="replace").splitlines() if self.log_path.exists() else []
        return "\n".join([f"--- {self.log_path}", *lines[-15:]])

    def _environment(self) -> dict[str, str]:
        """Our environment, without what would change Syncthing's behavior.

        STMONITORED makes it one process. Otherwise the process that we start only monitors another one, which would
        outlive it when it is killed.
        """
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.upper().endswith("_PROXY") and not key.startswith("ST")
        }
        return inherited | {"HOME": str(self.home), "STMONITORED": "1", "STNODEFAULTFOLDER": "1"}

    def _answers(self) -> bool:
        if not self.is_running():
            raise RuntimeError(f"syncthing {self.name} ended\n{self.log_tail()}")
        try:
            return bool(self.get("/rest/system/ping")["ping"] == "pong")
        except OSError:
            return False

    def _configure(self) -> tuple[str, str]:
        """Makes keys and a configuration that uses loopback only. Returns the device id and the API key."""
        subprocess.run(
            [self.binary, "generate", "--home", str(self.home)],
            env=self._environment(),
            capture_output=True,
            timeout=60,
            check=True,
        )
        path = self.home / "config.xml"
        tree = ET.parse(path)
        root = tree.getroot()
        for folder in root.findall("folder"):
            root.remove(folder)
        device, gui, options = (_child(root, tag) for tag in ("device", "gui", "options"))
        gui.set("tls", "false")
        _child(gui, "address").text = f"{HOST}:{self.api_port}"
        for key, value in {**_LOOPBACK_ONLY, "listenAddress": f"tcp://{HOST}:{self.sync_port}"}.items():
            for old in options.findall(key):
                options.remove(old)
            ET.SubElement(options, key).text = value
        tree.write(path)
        return device.attrib["id"], _child(gui, "apikey").text or ""

    # --- REST -----------------------------------------------------------------------------------------------

    def get(self, path: str) -> Any:
        """The JSON value that the API returns."""
        return self._ask("GET", path)

    def post(self, path: str) -> Any:
        """Starts something. Returns when the API answers."""
        return self._ask("POST", path)

    def put(self, path: str, body: object) -> Any:
        """Sets a part of the configuration."""
        return self._ask("PUT", path, body)

    def patch(self, path: str, body: object) -> Any:
        """Changes some keys of a part of the configuration."""
        return self._ask("PATCH", path, body)

    def delete(self, path: str) -> Any:
        """Removes a part of the configuration."""
        return self._ask("DELETE", path)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        payload = None if body is None else json.dumps(body)
        with closing(http.client.HTTPConnection(HOST, self.api_port, timeout=60)) as connection:
            connection.request(method, path, payload, {"X-API-Key": self._api_key})
            answer = connection.getresponse()
            raw = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{self.name}: {method} {path}: {answer.status} {raw[:300]!r}")
        return json.loads(raw) if raw.strip() else None

    def is_connected_to(self, other: SyncthingNode) -> bool:
        """True if this side sees the other."""
        connections = self.get("/rest/system/connections")["connections"]
        return bool(connections.get(other.device_id, {}).get("connected"))


def _dying_with_us() -> list[str]:
    """The start of a command whose process the kernel kills when the thread that starts it ends."""
    setpriv = shutil.which("setpriv")
    is_main = threading.current_thread() is threading.main_thread()
    return [setpriv, "--pdeathsig", "KILL"] if setpriv and is_main else []


def _child(element: ET.Element, tag: str) -> ET.Element:
    child = element.find(tag)
    assert child is not None, f"syncthing's configuration has no <{tag}>"
    return child
