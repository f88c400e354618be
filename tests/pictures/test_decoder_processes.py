"""Decoder processes: few, replaceable, and gone when their parent is."""

from __future__ import annotations

import io
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from builders.hostile_pictures import make_slow_svg
from builders.pictures import make_picture
from fault_kit.dying_decoders import dying_decoders
from strandline.errors import DecoderUnavailableError, DecodingInterruptedError, UndecodablePictureError
from strandline.pictures.decoder_pool import DecoderInterruptedError, DecoderPool, DecoderTimeoutError
from strandline.pictures.decoder_process import MAX_DATA_BYTES, MAX_OPEN_FILES
from strandline.pictures.decoding import check_decodes, make_thumbnail, stop_decoders

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path(f"/proc/self/task/{os.getpid()}/children").exists(),
        reason="processes are counted in /proc: these tests run on Linux",
    ),
]

PICTURE = make_picture("png")
REQUEST = {"media_type": "image/png", "size": 8, "max_pixels": 10_000}
LIMIT_S = 30.0
"""Only a failing test waits this long."""


def list_decoders() -> set[int]:
    """Ids of the decoder processes that this process started and that are still running."""
    listings = Path("/proc/self/task").glob("*/children")
    children = {int(child) for listing in listings for child in read_if_it_lives(listing).split()}
    return {
        child for child in children if b"decoder_process" in read_if_it_lives(Path(f"/proc/{child}/cmdline"))
    }


def read_if_it_lives(file: Path) -> bytes:
    """What ``/proc`` says about a thread or process. Threads of other tests may end while they are listed."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return file.read_bytes()
    return b""


@pytest.fixture
def pool() -> Iterator[DecoderPool]:
    stop_decoders()
    pool = DecoderPool()
    yield pool
    pool.close()


def ask(pool: DecoderPool) -> None:
    reply, small = pool.ask(REQUEST, PICTURE, timeout_s=LIMIT_S)
    assert reply["width"] == 8
    assert small


def test_one_process_serves_one_picture_after_another(pool: DecoderPool) -> None:
    """No process is started before it is needed."""
    assert list_decoders() == set()
    ask(pool)
    first = list_decoders()
    for _ in range(5):
        ask(pool)
    assert list_decoders() == first
    assert len(first) == 1


def test_no_more_than_two_decode_at_once(pool: DecoderPool) -> None:
    """However many threads ask, two processes do the work, and the others wait."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: ask(pool), range(40)))
    assert len(list_decoders()) == 2


def test_closing_leaves_nothing_behind_and_harms_nobody(pool: DecoderPool) -> None:
    """All idle processes end. A closed pool starts new ones when asked again."""
    ask(pool)
    pool.close()
    assert list_decoders() == set()
    ask(pool)


def test_a_process_that_died_idle_is_replaced_in_silence(pool: DecoderPool) -> None:
    """It may have ended because it was idle or because the system killed it. The next picture is not affected."""
    ask(pool)
    (child,) = list_decoders()
    os.kill(child, signal.SIGKILL)
    ask(pool)
    assert list_decoders() != {child}


def test_a_slow_picture_keeps_no_process(pool: DecoderPool) -> None:
    """A process that exceeds its time is killed and does not keep computing."""
    slow = REQUEST | {"media_type": "image/svg+xml", "size": None}
    with pytest.raises(DecoderTimeoutError):
        pool.ask(slow, make_slow_svg(), timeout_s=0.3)
    assert list_decoders() == set()


def test_a_process_that_dies_at_work_is_told_from_a_slow_one(pool: DecoderPool) -> None:
    """A crash is reported at once, not when the time is up. The pool keeps working."""
    slow = REQUEST | {"media_type": "image/svg+xml", "size": None}
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(pool.ask, slow, make_slow_svg(), timeout_s=2 * LIMIT_S)
        end = time.monotonic() + LIMIT_S
        while not (busy := [child for child in list_decoders() if cpu_time_s(child) > 1.0]):
            assert time.monotonic() < end, "no process is at work"
            wait([asked], timeout=0.05)
        os.kill(busy[0], signal.SIGKILL)
        with pytest.raises(DecoderInterruptedError):
            asked.result(LIMIT_S)
    ask(pool)


def cpu_time_s(process: int) -> float:
    """CPU time of a process so far. Starting takes a decoder a few tenths of a second."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGALRM, signal.SIGHUP])
def test_a_decoder_that_was_ended_says_nothing_of_the_picture(tmp_path: Path, number: signal.Signals) -> None:
    """The system may kill it for memory, an alarm may fire late, or a person may end it. Try again."""
    with dying_decoders(tmp_path, number), pytest.raises(DecodingInterruptedError, match="nothing is known"):
        check_decodes(PICTURE, "image/png")


def test_a_decoder_that_is_killed_while_it_starts_is_no_broken_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory use peaks while it loads its libraries."""
    program = tmp_path / "killed"
    program.write_text("#!/bin/sh\nkill -KILL $$\n")
    program.chmod(0o755)
    stop_decoders()
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(DecodingInterruptedError):
        check_decodes(PICTURE, "image/png")


def test_a_machine_that_is_short_of_everything_has_no_broken_installation() -> None:
    """If no process can be started now, the picture must be tried later."""
    stop_decoders()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(DecodingInterruptedError):
            check_decodes(PICTURE, "image/png")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    check_decodes(PICTURE, "image/png")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS])
def test_a_crash_is_the_pictures_doing(tmp_path: Path, number: signal.Signals) -> None:
    """A decoder in C crashes like this on bytes that it cannot handle."""
    with dying_decoders(tmp_path, number), pytest.raises(UndecodablePictureError, match="crash"):
        check_decodes(PICTURE, "image/png")


def test_a_decoder_without_memory_says_nothing_of_the_picture() -> None:
    """It is replaced. The next one starts empty and may have enough memory."""
    stop_decoders()
    large = make_flat_webp()
    make_thumbnail(PICTURE, "image/png", size=8)
    (child,) = list_decoders()
    limit_memory(child, 4_000_000)
    with pytest.raises(DecodingInterruptedError, match="memory"):
        check_decodes(large, "image/webp")
    check_decodes(large, "image/webp")
    assert child not in list_decoders()


def test_a_decoder_without_memory_for_the_bytes_is_replaced_in_silence() -> None:
    """It ends by itself while it reads the bytes, before it knows their type."""
    stop_decoders()
    make_thumbnail(PICTURE, "image/png", size=8)
    (child,) = list_decoders()
    limit_memory(child, 4_000_000)
    check_decodes(make_flat_webp() + bytes(16_000_000), "image/webp")
    assert child not in list_decoders()


def make_flat_webp() -> bytes:
    """A file of a few kilobytes that takes 64 MB to decode."""
    file = io.BytesIO()
    Image.new("RGB", (4_000, 4_000)).save(file, "WEBP", method=0)
    return file.getvalue()


def limit_memory(process: int, more_bytes: int) -> None:
    """Limits the process to this much more memory than it has, as if the system had no more."""
    status = Path(f"/proc/{process}/status").read_text()
    (used_kb,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData"))
    limit_bytes = used_kb * 1024 + more_bytes
    resource.prlimit(process, resource.RLIMIT_DATA, (limit_bytes, limit_bytes))


def test_a_decoder_has_a_limit_of_memory(pool: DecoderPool) -> None:
    """It sets the limit before it reads a byte, so that no picture takes all memory."""
    ask(pool)
    (decoder,) = list_decoders()
    assert resource.prlimit(decoder, resource.RLIMIT_DATA) == (MAX_DATA_BYTES, MAX_DATA_BYTES)


def test_a_decoder_cannot_fill_the_disk_or_open_many_files(pool: DecoderPool) -> None:
    """A picture that takes over its decoder gets no core dump, no huge file, and few open files."""
    ask(pool)
    (decoder,) = list_decoders()
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: MAX_DATA_BYTES,
        resource.RLIMIT_NOFILE: MAX_OPEN_FILES,
    }
    assert {kind: resource.prlimit(decoder, kind) for kind in limits} == {
        kind: (limit, limit) for kind, limit in limits.items()
    }


def test_a_decoder_keeps_a_stricter_limit() -> None:
    """A service manager may set lower limits. The decoder still starts, and does not raise them."""
    own = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)); "
    run = "from strandline.pictures.decoder_process import _limit_resources; _limit_resources(); "
    told = "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    ran = subprocess.run([sys.executable, "-c", own + run + told], capture_output=True, text=True, check=True)
    assert ran.stdout == "(100, 100)\n"


@pytest.mark.parametrize("program", ["/bin/false", "/nowhere/python"])
def test_no_decoder_is_not_the_pictures_fault(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """If no decoder can be started, no picture is called broken because of it."""
    stop_decoders()
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(DecoderUnavailableError, match="strandline doctor"):
        make_thumbnail(PICTURE, "image/png", size=8)


SLOW_PARENT = """
import sys, threading
from strandline.pictures import decoding
picture, slow = (open(path, "rb").read() for path in sys.argv[1:])
decoding.make_thumbnail(picture, "image/png", size=8)
threading.Thread(target=decoding.check_decodes, args=(slow, "image/svg+xml"), kwargs={"timeout_s": 0.5}).start()
print(*(c for c in open(f"/proc/self/task/{threading.get_native_id()}/children").read().split()), flush=True)
sys.stdin.read()
"""


def test_no_process_outlives_its_parent(tmp_path: Path) -> None:
    """This holds even if the parent is killed in the middle of a picture that would take minutes."""
    (tmp_path / "picture").write_bytes(PICTURE)
    (tmp_path / "slow").write_bytes(make_slow_svg())
    command = [sys.executable, "-c", SLOW_PARENT, str(tmp_path / "picture"), str(tmp_path / "slow")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        children = [os.pidfd_open(int(child)) for child in parent.stdout.readline().split()]
        parent.kill()
    assert children
    for child in children:
        assert select.select([child], [], [], LIMIT_S)[0], "it still runs"
        os.close(child)


def test_an_idle_process_gives_its_memory_back() -> None:
    """Without work it ends by itself, although its parent still runs."""
    code = "from strandline.pictures import decoder_process; decoder_process.IDLE_S = 0.1; decoder_process.main()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.wait(LIMIT_S) == 0


def test_the_current_folder_is_nothing_to_a_decoder(tmp_path: Path) -> None:
    """A file in it that has the name of a library is not imported: the folder may be a synced one."""
    for name in ("pyvips", "PIL", "pi_heif", "json"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'trapped')!r}, 'w')")
    (tmp_path / "picture").write_bytes(PICTURE)
    code = (
        "import sys; sys.path.remove('')\n"
        "from strandline.pictures.decoding import make_thumbnail\n"
        "from strandline.pictures import decoder_pool\n"
        "sys.path.insert(0, '')\n"
        "make_thumbnail(open('picture', 'rb').read(), 'image/png', size=8)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert not (tmp_path / "trapped").exists()


FORKING_PARENT = """
import os, sys, warnings
warnings.simplefilter("ignore")  # newer Pythons warn of every fork beside threads
from strandline.pictures.decoding import make_thumbnail
data = open(sys.argv[1], "rb").read()
make_thumbnail(data, "image/png", size=8)
child = os.fork()
for _ in range(20):
    make_thumbnail(data, "image/png", size=8)
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    make_thumbnail(data, "image/png", size=8)
"""


def test_a_forked_child_has_decoders_of_its_own(tmp_path: Path) -> None:
    """Parent and child decode at the same time and never read each other's answers."""
    (tmp_path / "picture").write_bytes(PICTURE)
    subprocess.run(
        [sys.executable, "-c", FORKING_PARENT, str(tmp_path / "picture")], check=True, timeout=LIMIT_S
    )


def test_threads_get_their_own_answers() -> None:
    """With many different pictures at once, each thread gets its own thumbnail."""
    sizes = [(40 + number, 20) for number in range(24)]
    pictures = [make_picture("png", seed=number, size=size) for number, size in enumerate(sizes)]
    with ThreadPoolExecutor(6) as threads:
        made = list(threads.map(lambda data: make_thumbnail(data, "image/png", size=200), pictures))
    assert [(thumbnail.width, thumbnail.height) for thumbnail in made] == sizes


FROZEN = """#!{python} -P
import sys
sys.frozen, sys.executable, sys.path = True, __file__, {path!r}
from strandline import freeze_support
{call}
from pathlib import Path
from strandline.pictures.decoding import make_thumbnail
Path("started").open("a").write("once ")
print(make_thumbnail(Path("picture").read_bytes(), "image/png", size=8).width)
"""
"""A program that is its own interpreter, as PyInstaller makes them."""


@pytest.mark.parametrize("call", ["freeze_support()", ""])
def test_a_frozen_program_is_its_own_decoder(tmp_path: Path, call: str) -> None:
    """If it says so. Otherwise nothing is started: a second copy of the program would do what the first one does."""
    program = tmp_path / "program"
    program.write_text(FROZEN.format(python=sys.executable, path=sys.path, call=call))
    program.chmod(0o700)
    (tmp_path / "picture").write_bytes(PICTURE)
    run = subprocess.run(
        [program], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    if call:
        assert (run.returncode, run.stdout) == (0, "8\n"), run.stderr
    else:
        assert run.returncode == 1
        assert "has not called freeze_support()" in run.stderr
    assert (tmp_path / "started").read_text() == "once "
