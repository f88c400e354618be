"""Ctrl-C: finished work stays, and is reported."""

from __future__ import annotations

import fcntl
import io
import json
import os
import signal
import struct
import termios
import time
from typing import Any

import pytest

from builders.command_home import CommandHome
from builders.pictures import make_picture
from builders.program import LIMIT_S, run, started
from builders.python_process import run_python
from strandline.cli.interrupts import taking_interrupts
from strandline.cli.main import main
from strandline.services.saving import intake, save_several
from strandline.services.saving.intake import TakenSource
from strandline.services.workbench import Workbench

FILES = 2_000

ENDS = [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)]


def wait_for_an_image() -> None:
    """Waits until the program has added the first image to the catalog."""
    deadline_s = time.monotonic() + LIMIT_S
    while run("ls", "--limit", "1", "--json").json["total"] == 0:
        assert time.monotonic() < deadline_s


def wait_until_read(pipe: int) -> None:
    """Waits until nothing that was written into the pipe is left in it."""
    deadline_s = time.monotonic() + LIMIT_S
    while struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4)) != (0,):
        assert time.monotonic() < deadline_s


def test_the_first_interrupt_asks_and_the_second_insists() -> None:
    """The first sets an event. The second raises as usual. Afterwards the old handler is back."""
    before = signal.getsignal(signal.SIGINT)
    with taking_interrupts() as interrupt:
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupt.asked.wait(LIMIT_S)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.parametrize("asks_before", [False, True])
def test_who_waits_for_somebody_obeys_the_first(asks_before: bool) -> None:
    """This includes an interrupt that came before the wait began."""

    class Silent(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            assert not asks_before, "nobody is asked any more"
            os.kill(os.getpid(), signal.SIGINT)
            return b"an answer"

    with taking_interrupts() as interrupt:
        if asks_before:
            os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            interrupt.obeyed_by(Silent()).read(9)
        assert interrupt.asked.is_set()


def test_what_is_saved_while_interrupted_is_finished_and_told(
    made: CommandHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Otherwise an image could be kept without being reported. Nothing new is read after it."""
    made.make_storage_dir()
    photos = [made.folder / f"{number}.png" for number in range(4)]
    for seed, photo in enumerate(photos):
        photo.write_bytes(make_picture("png", seed=seed))

    def read_and_be_interrupted(bench: Workbench, *arguments: Any) -> TakenSource:
        taken = really_take(bench, *arguments)
        if taken.label == str(photos[1]):
            os.kill(os.getpid(), signal.SIGINT)
        return taken

    really_take = intake.take_source
    monkeypatch.setattr(save_several, "take_source", read_and_be_interrupted)
    assert main(["save", *map(str, photos), "--json"]) == 130
    answer = json.loads(capsys.readouterr().out)
    assert [saved["source"] for saved in answer["saved"]] == [str(photo) for photo in photos[:2]]
    assert run("ls", "--json").json["total"] == 2


@pytest.mark.slow
def test_an_interrupted_scan_keeps_what_it_did(made: CommandHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """It exits with 130 and a complete answer that says so, with nothing on stderr. The next scan finds the rest."""
    root = made.make_storage_dir()
    for number in range(FILES):
        (root / f"media/{number:032x}.png").write_bytes(b"")
    monkeypatch.setenv("STRANDLINE_SCAN_BATCH_FILES", "1")
    with started("scan", "--json") as process:
        wait_for_an_image()
        process.send_signal(signal.SIGINT)
        answer, said = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, said) == (130, "")
    (scan,) = json.loads(answer)["scans"]
    assert scan["cancelled"]
    assert 0 < scan["added"] < FILES
    monkeypatch.delenv("STRANDLINE_SCAN_BATCH_FILES")
    (rest,) = run("scan", "--json").json["scans"]
    assert scan["added"] + rest["added"] == FILES


@pytest.mark.parametrize(("number", "status"), ENDS)
def test_an_interrupted_save_tells_what_is_saved(made: CommandHome, number: int, status: int) -> None:
    """It exits with 130, or by SIGTERM, and the Markdown of every saved image."""
    made.make_storage_dir()
    photo = made.folder / "sunset.png"
    photo.write_bytes(make_picture("png"))
    with started("save", photo, "-", "--json") as process:
        wait_for_an_image()  # now it reads from stdin, which is silent
        process.send_signal(number)
        answer = json.loads(process.stdout.read()) if process.stdout else {}
        assert process.wait(LIMIT_S) == status
    assert [saved["source"] for saved in answer["saved"]] == [str(photo)]
    assert answer["not_tried"] == 1


@pytest.mark.parametrize(("number", "status"), ENDS)
def test_an_import_that_waits_for_stdin_ends_at_once(made: CommandHome, number: int, status: int) -> None:
    """It reads in a thread, which no signal interrupts. The beginning of a picture is not taken for one."""
    made.make_storage_dir()
    with started("import", "-", "--json") as process:
        assert process.stdin is not None
        process.stdin.buffer.write(make_picture("png")[:-1])  # type: ignore[attr-defined]
        process.stdin.flush()
        wait_until_read(process.stdin.fileno())
        process.send_signal(number)
        answer = json.loads(process.stdout.read()) if process.stdout else {}
        assert process.wait(LIMIT_S) == status
    assert (answer["complete"], answer["plan"], answer["refused"]) == (False, [], [])


def test_an_interrupt_while_the_program_is_still_imported_is_silent() -> None:
    """It ends with 130 and no traceback, as later."""
    code = (
        "import sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'strandline.cli.main': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from strandline.cli.start import main\n"
        "print(main())\n"
    )
    assert run_python(code).stdout == "130\n"
