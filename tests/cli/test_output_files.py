"""Where ``-o`` writes: beside what a folder has, and into what the shell has opened."""

from __future__ import annotations

import os
from pathlib import Path

from builders.command_home import CommandHome
from builders.pictures import make_picture
from builders.program import run


def test_files_in_a_folder_replace_nothing(home: Path, tmp_path: Path) -> None:
    """Neither each other nor what is there. A second run finds its files again, and adds none."""
    vault, out = tmp_path / "vault", tmp_path / "out"
    pictures = [make_picture("png", seed=seed) for seed in range(3)]
    for number, picture in enumerate(pictures):
        (vault / str(number)).mkdir(parents=True)
        (vault / str(number) / "sea.png").write_bytes(picture)
    out.mkdir()
    (out / "sea.png").write_bytes(b"somebody's")
    (out / "sea 2.png").symlink_to("nowhere")
    run("sd", "add", vault)
    named = [str(vault / str(number) / "sea.png") for number in range(3)]
    for _ in range(2):
        assert run("get", *named, "-o", out).status == 0
        assert run("get", named[2], "-o", out).status == 0
        assert sorted(path.name for path in out.iterdir()) == [
            "sea 1.png", "sea 2.png", "sea 3.png", "sea 4.png", "sea.png"
        ]  # fmt: skip
    assert (out / "sea.png").read_bytes() == b"somebody's"
    assert (out / "sea 2.png").is_symlink()
    assert [(out / f"sea {number}.png").read_bytes() for number in (1, 3, 4)] == pictures


def test_what_the_shell_has_opened_is_written_into(made: CommandHome, tmp_path: Path) -> None:
    """``>(…)`` is a pipe, and ``3>>log`` appends. What this program opened itself is nobody's target."""
    image_id = made.put(made.make_storage_dir())
    picture = make_picture("png")
    log = tmp_path / "log"
    log.write_bytes(b"head")
    source, sink = os.pipe()
    appended = os.open(log, os.O_WRONLY | os.O_APPEND)
    own = os.open(log, os.O_WRONLY)
    try:
        for descriptor in (sink, appended):
            os.set_inheritable(descriptor, True)
            answer = run("get", image_id, "-o", f"/dev/fd/{descriptor}", "--json").json
            assert answer["written_to"] == f"/dev/fd/{descriptor}"
        assert os.read(source, 1 << 16) == picture
        assert log.read_bytes() == b"head" + picture
        assert run("get", image_id, "-o", f"/dev/fd/{own}").status == 2
        assert run("get", image_id, "-o", f"/proc/{os.getpid()}/fd/{sink}").status == 0
        assert os.read(source, 1 << 16) == picture
    finally:
        for descriptor in (source, sink, appended, own):
            os.close(descriptor)
    assert run("get", image_id, "-o", "/dev/stdout").stdout == picture
    assert run("get", image_id, "-o", "/dev/fd/1", "--json").status == 2
    assert log.read_bytes() == b"head" + picture
