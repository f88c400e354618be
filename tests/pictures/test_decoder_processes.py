"""Decoder processes: few, replaceable, and gone when their parent is."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from builders.hostile_pictures import make_slow_svg
from builders.pictures import make_picture
from strandline.errors import DecoderUnavailableError
from strandline.pictures.decoder_pool import DecoderGoneError, DecoderPool, DecoderTimeoutError
from strandline.pictures.decoding import make_thumbnail, stop_decoders

pytestmark = pytest.mark.skipif(
    not Path(f"/proc/self/task/{os.getpid()}/children").exists(),
    reason="processes are counted in /proc: these tests run on Linux",
)

PICTURE = make_picture("png")
REQUEST = {"media_type": "image/png", "size": 8, "max_pixels": 10_000}
LIMIT_S = 30.0
"""Only a failing test waits so long."""


def list_decoders() -> set[int]:
    """Ids of the decoder processes that this process started and that still run."""
    children = {
        child
        for listing in Path("/proc/self/task").glob("*/children")
        for child in listing.read_text().split()
    }
    return {
        int(child) for child in children if b"decoder_process" in Path(f"/proc/{child}/cmdline").read_bytes()
    }


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
    """None is started before it is needed, and none for nothing."""
    assert list_decoders() == set()
    ask(pool)
    first = list_decoders()
    for _ in range(5):
        ask(pool)
    assert list_decoders() == first
    assert len(first) == 1


def test_no_more_than_two_decode_at_once(pool: DecoderPool) -> None:
    """However many threads ask, two processes do the work; the others wait their turn."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: ask(pool), range(40)))
    assert len(list_decoders()) == 2


def test_closing_leaves_nothing_behind_and_harms_nobody(pool: DecoderPool) -> None:
    """All idle processes end; a closed pool starts new ones when asked again."""
    ask(pool)
    pool.close()
    assert list_decoders() == set()
    ask(pool)


def test_a_process_that_died_idle_is_replaced_in_silence(pool: DecoderPool) -> None:
    """It may have ended for want of work, or the system took its memory: the next picture does not notice."""
    ask(pool)
    (child,) = list_decoders()
    os.kill(child, signal.SIGKILL)
    ask(pool)
    assert list_decoders() != {child}


def test_a_slow_picture_keeps_no_process(pool: DecoderPool) -> None:
    """When its time is up its process is gone, and does not compute on unseen."""
    slow = REQUEST | {"media_type": "image/svg+xml", "size": None}
    with pytest.raises(DecoderTimeoutError):
        pool.ask(slow, make_slow_svg(), timeout_s=0.3)
    assert list_decoders() == set()


def test_a_process_that_dies_at_work_is_told_from_a_slow_one(pool: DecoderPool) -> None:
    """A crash is reported at once, not when the time is up; the pool goes on."""
    slow = REQUEST | {"media_type": "image/svg+xml", "size": None}
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(pool.ask, slow, make_slow_svg(), timeout_s=2 * LIMIT_S)
        end = time.monotonic() + LIMIT_S
        while not (busy := [child for child in list_decoders() if cpu_time_s(child) > 1.0]):
            assert time.monotonic() < end, "no process is at work"
        os.kill(busy[0], signal.SIGKILL)
        with pytest.raises(DecoderGoneError):
            asked.result(LIMIT_S)
    ask(pool)


def cpu_time_s(process: int) -> float:
    """What a process has computed so far; starting takes a decoder a few tenths of a second."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("program", ["/bin/false", "/nowhere/python"])
def test_no_decoder_is_not_the_pictures_fault(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Where none can be started, no picture is called broken for it."""
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
    """Even when the parent is killed in the middle of a picture that would take minutes."""
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
    """Without work it ends by itself, in peace, though its parent still runs."""
    code = "from strandline.pictures import decoder_process; decoder_process.IDLE_S = 0.1; decoder_process.main()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.wait(LIMIT_S) == 0


def test_the_current_folder_is_nothing_to_a_decoder(tmp_path: Path) -> None:
    """A file in it that is named like a library is not imported: the folder may be a synced one."""
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
    """Many different pictures at once: each gets its own thumbnail."""
    sizes = [(40 + number, 20) for number in range(24)]
    pictures = [make_picture("png", seed=number, size=size) for number, size in enumerate(sizes)]
    with ThreadPoolExecutor(6) as threads:
        made = list(threads.map(lambda data: make_thumbnail(data, "image/png", size=200), pictures))
    assert [(thumbnail.width, thumbnail.height) for thumbnail in made] == sizes
