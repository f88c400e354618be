"""Makes the terminal pictures in ``docs/images`` from the real program, run in a real terminal on the demo's folders.

Run it when the output of a command has changed: ``.venv/bin/python demo/terminal_pictures.py``.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from demo_folders import build_demo

COLUMNS = 112
IMAGES = Path(__file__).parent.parent / "docs" / "images"
SHOWN_AS = "/home/anna"
"""Replaces the path of the demo's temporary folder, which means nothing to readers."""


def main() -> None:
    """Builds the demo's folders, and writes one SVG per picture."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as base:
        demo = build_demo(Path(base, "Dropbox"))
        terminal = Terminal(base, Path(base, "home"))
        for words in (["sd", "add", str(demo.notes)], ["sd", "add", str(demo.travel)], ["watch", "--once"]):
            terminal.run(words)
        terminal.draw("found-and-explained.svg", [["ls"], ["explain", demo.half]])
        terminal.draw("inspect.svg", [["inspect"]])


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal of 112 columns in which the real program runs."""

    base: str
    home: Path

    def draw(self, filename: str, commands: list[list[str]]) -> None:
        """Runs the commands and draws what the terminal shows."""
        with open(os.devnull, "w") as nowhere:
            console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
            for words in commands:
                console.print(
                    Text.assemble(("$ ", "bold green"), ("strandline " + shlex.join(words), "bold"))
                )
                console.print(Text.from_ansi(self.run(words)))
        drawn = console.export_svg(title="strandline")
        # Without the fonts that Rich would load from the network: the reader's own fixed-width font is enough.
        (IMAGES / filename).write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL))

    def run(self, words: list[str]) -> str:
        """What the command writes to a terminal."""
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 60, COLUMNS, 0, 0))
        command = [sys.executable, "-m", "strandline", "--home", str(self.home), *words]
        with subprocess.Popen(
            command, stdout=follower, stderr=follower, env=os.environ | {"TERM": "xterm-256color"}
        ):
            os.close(follower)
            written = b""
            while True:
                try:
                    piece = os.read(leader, 65536)
                except OSError:
                    break
                if not piece:
                    break
                written += piece
        os.close(leader)
        return written.decode().replace("\r\n", "\n").replace(self.base, SHOWN_AS).rstrip("\n") + "\n"


if __name__ == "__main__":
    main()
