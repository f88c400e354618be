"""One real Syncthing process with a home of its own, one shared folder, and no way out of this machine.

Discovery, relays, NAT traversal, STUN, usage and crash reports and upgrades are switched off *in the
configuration file, before the first start*. What surprises: a Syncthing that is killed hard leaves its half
file in place, and so does a test run; so on Linux the process is told to die with the test run.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
FOLDER_ID = "sd"

_TEMPORARY_PREFIXES = (".syncthing.", "~syncthing~")
_OWN_NAMES = (".stfolder", ".stversions", ".stignore")

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
    "limitBandwidthInLan": "true",  # so that a throttle counts on loopback
    "setLowPriority": "false",
}


class SyncTimeoutError(AssertionError):
    """Something did not happen within its time limit."""


def wait_until(
    what: str, is_so: Callable[[], bool], timeout_s: float, describe: Callable[[], str] = lambda: ""
) -> None:
    """Ask, again and again, until it is so; another program's state has no event to wait for.

    Raises:
        SyncTimeoutError: It was not so in time; says what, and what ``describe`` says at that moment.
    """
    end = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() >= end:
            raise SyncTimeoutError(f"not within {timeout_s:.0f} s: {what}\n{describe()}")
        time.sleep(0.02)


class SyncthingNode:
    """One machine: its Syncthing process and the folder that it shares."""

    def __init__(self, binary: str, base: Path, name: str, *, api_port: int, sync_port: int) -> None:
        self.binary = binary
        self.name = name
        self.home = base / f"home-{name}"
        self.folder = base / f"folder-{name}"
        self.log_path = base / f"{name}.log"
        self.api_port = api_port
        self.sync_port = sync_port
        self.process: subprocess.Popen[bytes] | None = None
        self.home.mkdir(parents=True)
        self.folder.mkdir()
        self.device_id, self._api_key = self._configure()

    # --- life -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the process unless it runs, and wait until its API answers."""
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
        wait_until(f"API of {self.name}", self._answers, 60, self.log_tail)

    def is_running(self) -> bool:
        """True while the process lives."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Switch the machine off politely, and by force where that takes too long. By process id only."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """Cut the power: SIGKILL. The folder is left as it is at that instant."""
        if self.process is None:
            return
        if self.is_running():
            os.killpg(self.process.pid, signal.SIGKILL)  # a group of its own: see start()
        self.process.wait(15)
        self.process = None

    def log_tail(self) -> str:
        """The last lines of what the process said."""
        lines = self.log_path.read_text(errors="replace").splitlines() if self.log_path.exists() else []
        return "\n".join([f"--- {self.log_path}", *lines[-15:]])

    def _environment(self) -> dict[str, str]:
        """Ours, without what would change Syncthing's ways.

        STMONITORED makes it one process. Else the one that we start only watches over another, which would
        outlive it when we are killed.
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
        """Make keys and a configuration that speaks to loopback only; gives the device id and the API key."""
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
        """The JSON value that the API gives."""
        return self._ask("GET", path)

    def post(self, path: str) -> Any:
        """Set something going; returns when the API answers."""
        return self._ask("POST", path)

    def put(self, path: str, body: object) -> Any:
        """Set a part of the configuration."""
        return self._ask("PUT", path, body)

    def patch(self, path: str, body: object) -> Any:
        """Change some keys of a part of the configuration."""
        return self._ask("PATCH", path, body)

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        payload = None if body is None else json.dumps(body)
        with closing(http.client.HTTPConnection(HOST, self.api_port, timeout=60)) as connection:
            connection.request(method, path, payload, {"X-API-Key": self._api_key})
            answer = connection.getresponse()
            raw = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{self.name}: {method} {path}: {answer.status} {raw[:300]!r}")
        return json.loads(raw) if raw.strip() else None

    def scan(self) -> None:
        """Make Syncthing look at its folder now; returns when it has."""
        self.post(f"/rest/db/scan?folder={FOLDER_ID}")

    def find_settled_sequence(self) -> int | None:
        """The number of the last change that this side knows; None while it is busy or needs anything."""
        status = self.get(f"/rest/db/status?folder={FOLDER_ID}")
        is_settled = status["state"] == "idle" and not status["needTotalItems"] and not status["needBytes"]
        return int(status["sequence"]) if is_settled else None

    def get_sequence_of(self, other: SyncthingNode) -> int:
        """The number of the last change of the other side that this side has been told of."""
        completion = self.get(f"/rest/db/completion?folder={FOLDER_ID}&device={other.device_id}")
        return int(completion.get("sequence", -1))

    def is_connected_to(self, other: SyncthingNode) -> bool:
        """True where this side sees the other."""
        connections = self.get("/rest/system/connections")["connections"]
        return bool(connections.get(other.device_id, {}).get("connected"))

    # --- the folder -----------------------------------------------------------------------------------------

    def list_entries(self) -> dict[str, str]:
        """What lies in the folder, Syncthing's own files left out: path to kind, size and hash."""
        entries = {}
        for name in self._list_names():
            if name.startswith(_OWN_NAMES) or Path(name).name.startswith(_TEMPORARY_PREFIXES):
                continue
            try:
                entries[name] = _describe(self.folder / name)
            except FileNotFoundError:  # went away while we looked
                continue
        return entries

    def list_conflict_copies(self) -> list[str]:
        """Paths of the conflict copies that Syncthing made."""
        return [name for name in self._list_names() if ".sync-conflict-" in name]

    def list_temporaries(self) -> list[str]:
        """Paths of files that have arrived in part."""
        return [name for name in self._list_names() if Path(name).name.startswith(_TEMPORARY_PREFIXES)]

    def _list_names(self) -> list[str]:
        return sorted(
            (Path(top) / name).relative_to(self.folder).as_posix()
            for top, folders, files in os.walk(self.folder)
            for name in [*folders, *files]
        )


def _dying_with_us() -> list[str]:
    """The front of a command whose process the kernel ends together with the thread that starts it."""
    setpriv = shutil.which("setpriv")
    is_main = threading.current_thread() is threading.main_thread()
    return [setpriv, "--pdeathsig", "KILL"] if setpriv and is_main else []


def _child(element: ET.Element, tag: str) -> ET.Element:
    child = element.find(tag)
    assert child is not None, f"syncthing's configuration has no <{tag}>"
    return child


def _describe(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    if path.is_dir():
        return "folder"
    data = path.read_bytes()
    return f"{len(data)} bytes, {hashlib.sha256(data).hexdigest()}"
