"""A line that means no image, among many that a command is to change: it is refused, and the others go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.command_home import CommandHome
from builders.pictures import make_picture
from builders.program import run


@pytest.fixture
def lines(made: CommandHome) -> bytes:
    """Two pictures of a vault, and between them half a picture, a file that is not there, and no name at all."""
    root = made.folder / "Vault"
    root.mkdir(parents=True)
    for seed, name in enumerate(("a.png", 'dq"x.png')):
        (root / name).write_bytes(make_picture("png", seed=seed))
    (root / "torn.png").write_bytes(make_picture("png", seed=9)[:-20])
    assert run("sd", "add", root).status == 0
    made.make_storage_dir("Other")
    return f'{root}/a.png\0{root}/torn.png\0{root}/nope.png\0{root}/dq"x.png'.encode()


COMMANDS = {
    "delete": ["delete", "--yes"],
    "copy": ["copy", "--to", "Other"],
    "move": ["move", "--to", "Other"],
    "export": ["export", "-o"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_others_go_on(made: CommandHome, lines: bytes, tmp_path: Path, name: str) -> None:
    """The exit status says that only some was done, and each refusal is told with its reason."""
    words = [*COMMANDS[name], *[str(tmp_path / "E")] * (name == "export"), "-0", "-"]
    planned = run(*words, "--dry-run", "--json", stdin=lines)
    assert (planned.status, len(planned.json["plan"])) == (1, 2)
    done = run(*words, stdin=lines)
    assert (done.status, done.stderr.count("torn.png"), done.stderr.count("nope.png")) == (1, 1, 1)
    if name == "delete":
        assert {path.name for path in (made.folder / "Vault").iterdir()} >= {"torn.png"}
        assert not (made.folder / "Vault/a.png").exists()
        back = run("trash", "restore", "-0", "-", "--json", stdin=lines)
        assert (back.status, len(back.json["done"]), len(back.json["refused"])) == (1, 2, 2)


def test_if_no_line_means_an_image_all_are_told(made: CommandHome, lines: bytes) -> None:
    """Nothing is done, and the exit status is that of the last."""
    bad = b"\0".join(lines.split(b"\0")[1:3])
    ended = run("delete", "--yes", "-0", "-", stdin=bad)
    assert (ended.status, ended.stderr.count("torn.png"), ended.stderr.count("nope.png")) == (4, 1, 1)
