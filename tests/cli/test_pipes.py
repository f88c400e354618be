"""Answers in a pipe: exact, one rule for all commands, and as many images as there are ids."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.pictures import make_picture
from builders.program import command_line, run, run_process
from strandline.cli.interrupts import Interrupt


def test_sizes_and_times_are_exact_in_a_pipe(made: CommandHome) -> None:
    """Bytes, and UTC: as in ``ls`` and in JSON."""
    root = made.make_storage_dir()
    image_id = made.put(root)
    made.look(root)
    size, path = len(make_picture("png")), root / f"media/{image_id}.png"
    name, filename, shown_size, _, shown_path = run("whereis", image_id).text.rstrip("\n").split("\t")
    assert (name, filename, shown_size, shown_path) == ("Notes", path.name, str(size), str(path))
    facts = dict(line.split("\t", 1) for line in run("info", image_id).text.splitlines())
    assert facts["size"] == str(size)
    assert facts["first seen"].endswith("Z")
    assert f"\t{size}\t" in run("inspect", "tree", "Notes").text
    lines = [line.split("\t") for line in run("watch", "--once", "--since", "0").text.splitlines()]
    assert {len(cells) for cells in lines} == {4}
    assert all(cells[0].endswith("Z") for cells in lines)


def test_many_ids_are_many_answers(made: CommandHome, tmp_path: Path) -> None:
    """Also for data: URLs and files, and the bytes of many are summed up in one line."""
    root = made.make_storage_dir()
    ids = [made.put(root, seed) for seed in range(3)]
    made.look(root)
    asked = "\n".join(ids).encode()
    assert [line[:22] for line in run("data-url", "-", stdin=asked).text.splitlines()] == [
        "data:image/png;base64,"
    ] * 3
    assert [line.split("\t")[1] for line in run("whereis", *ids).text.splitlines()] == [
        f"{each}.png" for each in ids
    ]
    got = run("get", "-", "-o", tmp_path, stdin=asked)
    assert got.stderr.count("\n") == 1
    assert f"3 images written to {tmp_path}" in got.stderr


def test_the_shell_completes_ids_from_the_catalog(made: CommandHome) -> None:
    """Those that begin with what was typed. No folder is looked at, so one that is away makes no difference."""
    root = made.make_storage_dir()
    image_id = made.put(root)
    made.look(root)
    made.take_away(root)
    offered = []
    for typed in (image_id[:4], image_id[:1], "zz"):
        asked = {
            "_STRANDLINE_COMPLETE": "bash_complete",
            "COMP_WORDS": f"strandline get {typed}",
            "COMP_CWORD": "2",
        }
        offered.append(run_process(environ=asked).text.split())
    assert offered == [[f"file,{image_id[:4]}", f"plain,{image_id}"], [f"file,{image_id[:1]}"], ["file,zz"]]


def test_the_first_ctrl_c_says_on_a_terminal_how_to_end_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A save that waits for something is not silent. In a pipe nobody reads it in time."""
    reader, writer = os.pipe()
    with open(writer, "w") as stderr:
        for shown in (False, True):
            with monkeypatch.context() as patch:
                patch.setattr(stderr, "isatty", lambda shown=shown: shown, raising=False)
                patch.setattr(sys, "stderr", stderr)
                Interrupt(announces=True).on_signal(signal.SIGINT, None)
    assert os.read(reader, 1000).decode().count("press Ctrl-C again") == 1
    os.close(reader)


def test_a_backslash_is_a_part_of_a_name(made: CommandHome, tmp_path: Path) -> None:
    """What a shell calls /dev/fd/63 has no name at all."""
    made.make_storage_dir()
    odd = tmp_path / "back\\slash.png"
    odd.write_bytes(make_picture("png"))
    assert run("save", odd).text.startswith("![back\\\\slash](media/")
    descriptor = os.open(odd, os.O_RDONLY)
    (tmp_path / "other.png").write_bytes(make_picture("png", seed=5))
    os.close(descriptor)
    descriptor = os.open(tmp_path / "other.png", os.O_RDONLY)
    saved = run("save", f"/dev/fd/{descriptor}", "--json").json["saved"][0]
    os.close(descriptor)
    assert saved["markdown"].startswith(f"![{saved['image_id']}]")


def test_a_slip_in_the_name_of_a_subcommand_is_noticed(made: CommandHome) -> None:
    """It could be a storage directory, so it is looked for first."""
    made.make_storage_dir()
    slip = run("inspect", "tre")
    assert (slip.status, "or did you mean `strandline inspect tree --help`?" in slip.stderr) == (4, True)
    assert "did you mean" not in run("inspect", "nobody").stderr


@pytest.mark.parametrize(
    "arguments", [("ls", "--json"), ("--help",), ("sd", "list"), ("exists", "0" * 32, "--json")]
)
def test_a_closed_standard_output_is_an_error(made: CommandHome, arguments: tuple[str, ...]) -> None:
    """``>&-`` in a shell: the answer would be lost, and a script would take the silence for it."""
    made.make_storage_dir()
    command = shlex.join(map(str, command_line(*arguments)))
    ended = subprocess.run(
        ["sh", "-c", f"{command} >&-"], capture_output=True, text=True, check=False, timeout=60
    )
    assert ended.returncode == 8
    assert ended.stderr.splitlines()[-1].startswith("strandline: the standard output is closed")
    assert "Traceback" not in ended.stderr
