"""The program behind :mod:`fault_kit.supervised`: runs code in forked processes and controls their system calls.

It has already loaded what the code needs, so a run costs a fork and not a start of Python. The kernel reports each
call of a run (:mod:`fault_kit.seccomp`). Calls that concern the given folders are counted. The chosen one fails, or
the process is killed just before it. Requests come on stdin and answers go to stdout, one line of JSON each. What
surprises: nothing of the project runs in this process itself; it only forks.
"""

from __future__ import annotations

import errno
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from fault_kit.power_cuts import Cut, Disk
from fault_kit.seccomp import Asked, Refusal, answer, ask_about, receive, refuse
from fault_kit.system_calls import ALL, CHANGING, Call, find_call

NEVER = -1
"""No answer: the call waits until its process ends."""


@dataclass(slots=True)
class Watch:
    """What to do to one run, and what was observed."""

    folders: list[str]
    at: int
    """The number of the call among the counted ones, from 1; 0 for none."""
    error: int
    """The error that it fails with; 0 kills."""
    lasting: bool
    """The error persists: see :meth:`_lasts_for`."""
    looking: bool
    """Count only calls that read, not those that change something."""
    hanging: bool
    """No call gets an answer."""
    disk: Disk | None
    calls: list[Call] = field(default_factory=list)
    hit: Call | None = None
    """The chosen call."""

    def rule(self, asked: Asked) -> int | None:
        """The error number for the call, 0 to let it proceed, None to kill the process, or NEVER."""
        call = find_call(asked)
        if call is None or not self._is_inside(call.path):
            return 0
        if self.hanging:
            return NEVER
        if self.looking is not call.changes:
            self.calls.append(call)
            if len(self.calls) == self.at or (self.hit and self.lasting and self._lasts_for(self.hit, call)):
                self.hit = self.hit or call
                return self.error or None
        if self.disk and call.changes:
            self.disk.note(call, asked)
        return 0

    def _lasts_for(self, hit: Call, call: Call) -> bool:
        """An unreadable path stays so. A disk that refuses writes refuses all of them, but a full disk allows
        deleting.
        """
        if self.looking:
            return call.path == hit.path
        return self.error != errno.ENOSPC or call.name not in ("unlink", "unlinkat", "rmdir")

    def _is_inside(self, path: str) -> bool:
        return any(path == folder or path.startswith(folder + "/") for folder in self.folders)


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Runs the code once. Returns how it ended, its output, and its calls in the folders."""
    disk = Disk(request["folders"]) if request["cut"] else None
    asked = {name: request[name] for name in ("folders", "at", "error", "lasting", "looking", "hanging")}
    watch = Watch(**asked, disk=disk)
    ours, theirs = socket.socketpair()
    said = [os.memfd_create(name) for name in ("stdout", "stderr", "modules")]
    pid = os.fork()
    if pid == 0:
        _run_code(request, theirs, said)
    theirs.close()
    with ours:
        _, (listener, *_), _, _ = socket.recv_fds(ours, 1, 1)
    try:
        _serve_calls(pid, listener, watch)
    finally:
        os.close(listener)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    stdout, stderr, modules = map(_take, said)
    if modules:
        _load(modules.split())
    if disk:
        disk.cut(Cut(request["cut"]))
    return {
        "status": status,
        "stdout": stdout,
        "stderr": stderr,
        "hit": watch.hit and _as_list(watch.hit),
        "calls": [_as_list(call) for call in watch.calls],
    }


def _as_list(call: Call) -> list[object]:
    return [call.name, call.path, call.changes, call.creates]


def _load(modules: list[str]) -> None:
    """Loads modules in advance, so that runs share their memory."""
    for name in modules:
        with suppress(Exception):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _serve_calls(pid: int, listener: int, watch: Watch) -> None:
    process = os.pidfd_open(pid)
    polled = select.poll()
    polled.register(listener, select.POLLIN)
    polled.register(process, select.POLLIN)
    try:
        while True:
            ready = dict(polled.poll())
            if ready.get(listener, 0) & select.POLLIN:
                if asked := receive(listener):
                    verdict = watch.rule(asked)
                    if verdict is None:
                        os.kill(pid, signal.SIGKILL)  # unanswered: the call must not be made
                    elif verdict != NEVER:
                        answer(listener, asked, verdict)
            elif process in ready:
                return
    finally:
        os.close(process)


def _run_code(request: dict[str, Any], listening: socket.socket, said: list[int]) -> None:
    """The forked process: never returns."""
    status = 70
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(said[0], 1)
        os.dup2(said[1], 2)
        sys.argv = ["strandline", *request["arguments"]]
        refuse(Refusal(*refusal) for refusal in request["refusals"])
        listener = ask_about(sorted(ALL if request["looking"] or request["hanging"] else CHANGING))
        socket.send_fds(listening, [b"-"], [listener])
        os.close(listener)
        names: dict[str, Any] = {"__name__": "__strandline__", "status": 0}
        before = set(sys.modules)
        exec(compile(request["code"], "<supervised>", "exec"), names)
        status = int(names["status"])
        os.write(said[2], "\n".join(set(sys.modules) - before).encode())
    except BaseException:  # noqa: BLE001  (told, and the process ends)
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _take(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as file:
        file.seek(0)
        return file.read().decode(errors="replace")


def main() -> None:
    """Serves requests until there are no more."""
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
