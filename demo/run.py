"""``make demo``: Strandline's main job on real pictures, in folders as sync clients leave them.

``python demo/run.py FOLDER`` shows it on a folder of your own instead. It only reads that folder.
"""

from __future__ import annotations

import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from demo_folders import Demo, build_demo
from demo_vaults import build_vault, rename_in_vault

BASE = Path(__file__).parent / "out"
HOME = BASE / "home"
ARRIVAL_LIMIT_S = 30.0
PORT = 8484


def main() -> int:
    """Runs the walk-through; returns the exit status."""
    if BASE.exists():
        shutil.rmtree(BASE)
    BASE.mkdir()
    if len(sys.argv) > 1:
        return show_own_folder(Path(sys.argv[1]).expanduser())
    show_demo(build_demo(BASE))
    return 0


def show_demo(demo: Demo) -> None:
    """The walk-through over the two demo folders."""
    title("Two folders, as Dropbox, iCloud, and Syncthing left them while nobody was watching")
    say("Notes has two identity files that contradict each other: an old program wrote .sd-id.")
    run("sd", "add", demo.notes)
    run("sd", "add", demo.travel)

    title("Every image is found, and its bytes are proven")
    run("watch", "--once")
    run("ls")

    title("A note in Notes shows a picture that is in Travel: it is found anyway")
    run("get", demo.only_in_travel, "--sd", "Notes", "-o", BASE / "rocket.jpg")

    title("A thumbnail: upright, although the camera was held sideways")
    run("thumbnail", demo.photo, "--size", "320", "-o", BASE / "thumbnail.webp")

    title("What is odd, and what to do about it")
    run("inspect")

    title("Why is this one not shown? Half of it is still on its way")
    run("get", demo.half, "-o", BASE / "half.jpg")
    run("explain", demo.half)

    title(
        "Its own file is lost, but a conflict copy has the bytes: it is shown from there, and nothing is touched"
    )
    run("explain", demo.in_conflict_copy)

    title("The rest of the half-arrived picture arrives while we watch")
    show_arrival(demo)
    run("get", demo.half, "-o", BASE / "whole.jpg")

    title("A new image is saved once, however often you save it")
    run("save", demo.newcomer, "--sd", "Notes")
    run("save", demo.newcomer, "--sd", "Notes")

    show_vault(build_vault(BASE))

    title("Now you")
    command = f"{shlex.quote(relative(Path(sys.executable).parent / 'strandline'))} --home {relative(HOME)}"
    say("In another terminal, or on a folder of yours with make demo SD=~/Dropbox/Notes (read-only):")
    print(f"    {command} explain {demo.evicted}")
    print(f"    {command} inspect tree Notes")
    print(
        f"    cp SOME.jpg {relative(demo.notes)}/media/{demo.evicted}.jpg   # not its bytes: see what happens"
    )
    serve("The gallery: drop a picture in, break things, and read in the inspector what happened")


def show_vault(vault: Path) -> None:
    """A folder of notes and pictures as people have them."""
    title(
        "A vault of notes, taken as it is: pictures have names that people gave, and nothing is written into it"
    )
    run("sd", "add", vault)
    run("ls", "--sd", "Vault")

    title(
        'Another machine\'s program renames a picture. The note says "image not found", and Strandline says why'
    )
    rename_in_vault(vault)
    run("scan", "Vault")
    run("check", vault)

    title("Of the two missing pictures, one can be put back: its bytes are there under the other name")
    run("put-back", vault)
    run("check", vault)


def show_own_folder(folder: Path) -> int:
    """The same on the user's own folder. Writes nothing into it."""
    title(f"{folder}, read-only")
    added = run("sd", "add", folder, "--read-only")
    if added not in (0, 1):
        return added
    checked = count_checked()
    if checked:  # named pictures were read when the folder was added
        say(f"{checked:,} images were read, and they are whole.")
    run("ls", "--limit", "20")
    run("inspect")
    run("check", folder)
    say("The catalog of this demo is in " + relative(HOME) + "; your folder is unchanged.")
    serve("The gallery of your folder")
    return 0


def count_checked() -> int:
    """Checks every image as ``watch --once`` does, and counts instead of printing a line for each."""
    show_command("watch", "--once")
    command = [sys.executable, "-m", "strandline", "--home", str(HOME), "watch", "--once"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        return sum("image.available" in line for line in watcher.stdout)


def show_arrival(demo: Demo) -> None:
    """Completes the half-arrived file while a watcher runs, and shows what the watcher reports."""
    command = [sys.executable, "-m", "strandline", "--home", str(HOME), "watch"]
    show_command("watch")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        time.sleep(1.0)
        with demo.half_path.open("ab") as file:
            file.write(demo.half_rest)
        limit = time.monotonic() + ARRIVAL_LIMIT_S
        for line in watcher.stdout:
            print(line, end="", flush=True)
            if demo.half in line or demo.half[:12] in line or time.monotonic() > limit:
                break
        watcher.terminate()


def serve(heading: str) -> None:
    """Serves the gallery until Ctrl-C. Without a terminal, only until it has answered once."""
    title(heading)
    show_command("serve", "--open")
    command = [
        sys.executable,
        "-m",
        "strandline",
        "--home",
        str(HOME),
        "serve",
        "--open",
        "--port",
        str(find_port()),
    ]
    if sys.stdin.isatty():
        subprocess.run(command, check=False)
        return
    command.remove("--open")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        print(server.stdout.readline(), end="")
        link = server.stdout.readline().strip()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with browser.open(link, timeout=ARRIVAL_LIMIT_S) as page:
            say(f"It answers ({page.status}), and was stopped because this is not a terminal.")
        server.terminate()


def find_port() -> int:
    """The usual port, or 0 (a free one) if something already listens on it."""
    with socket.socket() as probe:
        return 0 if probe.connect_ex(("127.0.0.1", PORT)) == 0 else PORT


def run(*arguments: str | Path) -> int:
    """Shows a command as a user would type it, runs it, and returns its exit status."""
    words = [str(word) for word in arguments]
    show_command(*words)
    return subprocess.run(
        [sys.executable, "-m", "strandline", "--home", str(HOME), *words], check=False
    ).returncode


def show_command(*words: str) -> None:
    shown = " ".join(shlex.quote(relative(Path(word)) if "/" in word else word) for word in words)
    print(paint("1", f"\n$ strandline {shown}"), flush=True)


def title(text: str) -> None:
    print("\n" + paint("1;36", f"── {text}"), flush=True)


def say(text: str) -> None:
    print(text, flush=True)


def paint(style: str, text: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if sys.stdout.isatty() else text


def relative(path: Path) -> str:
    """The path as short as it can be typed from here."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    raise SystemExit(main())
