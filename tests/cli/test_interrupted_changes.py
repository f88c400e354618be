"""Ctrl-C and SIGTERM while many images are changed: what was done is told, with its undo, and the rest stays."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builders.command_home import CommandHome
from builders.named_vault import put
from builders.pictures import make_picture
from builders.program import LIMIT_S, run, started
from strandline.cli.interrupts import taking_interrupts
from strandline.cli.main import main
from strandline.model.put_back import NOT_TRIED
from strandline.services.copying import copies, duplicates, move
from strandline.services.exporting import export_images
from strandline.services.saving import put_back
from strandline.services.trashing import delete, restore
from strandline.services.verifying import heal

IMAGES = 4

COMMANDS = {
    "delete": (delete, "delete_file", ["delete", "--yes"], "strandline trash restore "),
    "copy": (copies, "copy_image", ["copy", "--to", "Other"], "strandline delete --sd Other "),
    "move": (move, "delete_file", ["move", "--to", "Other"], "strandline trash restore "),
    "restore": (restore, "bring_back", ["trash", "restore"], ""),
}


@pytest.fixture
def ids(made: CommandHome) -> list[str]:
    """Images in one of two storage directories."""
    root = made.make_storage_dir(is_added=False)
    ids = [made.put(root, seed) for seed in range(IMAGES)]
    made.look(root)
    made.make_storage_dir("Other")
    return ids


@pytest.fixture(autouse=True)
def python_takes_interrupts() -> Iterator[None]:
    """A shell starts background programs with SIGINT ignored, and then Python leaves it so."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt_in(patch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Presses Ctrl-C in the middle of the second step."""
    really: Callable[..., Any] = getattr(module, name)
    calls: list[object] = []

    def act(*args: Any, **options: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return really(*args, **options)

    patch.setattr(module, name, act)


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("is_json", [False, True])
def test_what_was_done_is_told(
    monkeypatch: pytest.MonkeyPatch, ids: list[str], name: str, is_json: bool
) -> None:
    """The step is finished, told with its undo, and no other is begun; the same command does the rest."""
    module, step, words, undo = COMMANDS[name]
    if name == "restore":
        assert run("delete", "--yes", *ids).status == 0
    with monkeypatch.context() as patch:
        interrupt_in(patch, module, step)
        ended = run(*words, *ids, *["--json"] * is_json)
    assert ended.status == 130
    assert f"2 of {IMAGES} files done, the rest not tried; run it again to continue" in ended.stderr
    if is_json:
        assert (ended.json["complete"], len(ended.json["plan"]), len(ended.json["done"])) == (
            False,
            IMAGES,
            2,
        )
    else:
        assert len(ended.text.splitlines()) == 2
        assert undo in ended.stderr
    again = run(*words, *ids, "--json")
    assert again.json["complete"]
    assert len(again.json["done"]) == (IMAGES if name == "copy" else IMAGES - 2)


def test_an_interrupted_repair_tells_what_it_healed(
    monkeypatch: pytest.MonkeyPatch, made: CommandHome
) -> None:
    """The file is finished, and no other is begun."""
    roots = made.make_storage_dir("One"), made.make_storage_dir("Two")
    for root in roots:
        for seed in range(3):
            made.put(root, seed)
    made.look(*roots)
    for path in (roots[0] / "media").iterdir():
        path.write_bytes(path.read_bytes()[:100])
    with monkeypatch.context() as patch:
        interrupt_in(patch, heal, "_heal")
        ended = run("verify", "--repair", "--json")
    assert (ended.status, ended.json["complete"]) == (130, False)
    assert (len(ended.json["plan"]), len(ended.json["done"])) == (3, 2)
    assert [row["healed"] for row in ended.json["findings"]] == [True, True, False]
    assert "2 of 3 files healed, the rest not tried; run it again to continue" in ended.stderr


def test_interrupted_folding_and_putting_back_tell_what_they_did(
    monkeypatch: pytest.MonkeyPatch, made: CommandHome
) -> None:
    """Both are finished by the same command."""
    root = made.folder / "Vault"
    for number in range(IMAGES):
        for path in (f"used/{number}.png", f"copy of {number}.png"):
            put(root, path, make_picture("png", seed=number))
    put(root, "Note.md", "".join(f"![](used/{number}.png)\n" for number in range(IMAGES)).encode())
    assert run("sd", "add", str(root)).status == 0
    with monkeypatch.context() as patch:
        interrupt_in(patch, duplicates, "delete_file")
        ended = run("duplicates", "--fold", "--yes", "--json")
    assert (ended.status, ended.json["complete"], len(ended.json["done"])) == (130, False, 2)
    assert run("duplicates", "--fold", "--yes").status == 0
    assert run("delete", "--yes", *map(str, (root / "used").iterdir())).status == 0
    with monkeypatch.context() as patch:
        interrupt_in(patch, put_back, "put_back")
        ended = run("put-back", str(root), "--json")
    reasons = [each["why"] for each in ended.json["checked"][0]["pictures"]]
    assert (ended.status, reasons) == (130, [None, None, NOT_TRIED, NOT_TRIED])
    assert run("put-back", str(root)).status == 0
    assert sorted(path.parent.name for path in root.rglob("*.png")) == ["used"] * IMAGES


def test_an_interrupted_plan_or_rehearsal_ends_at_once(
    monkeypatch: pytest.MonkeyPatch, ids: list[str]
) -> None:
    """Nothing was done, so there is nothing to finish, and nothing to tell."""
    with monkeypatch.context() as patch:
        interrupt_in(patch, delete, "find_files")
        assert run("delete", "--yes", *ids).status == 130
    with monkeypatch.context() as patch:
        interrupt_in(patch, delete, "check_deletable")
        ended = run("delete", "--yes", "--dry-run", *ids)
    assert (ended.status, ended.text) == (130, "")
    assert main(["exists", *ids]) == 0


def test_an_interrupted_export_is_continued(
    monkeypatch: pytest.MonkeyPatch, ids: list[str], tmp_path: Path
) -> None:
    """The folder has a page of what was written, and the same command writes the rest."""
    words = ["export", "-o", str(tmp_path / "E"), "--json", *ids]
    with monkeypatch.context() as patch:
        interrupt_in(patch, export_images, "_read")
        ended = run(*words)
    assert (ended.status, ended.json["complete"], len(ended.json["done"])) == (130, False, 2)
    manifest = json.loads((tmp_path / "E/manifest.json").read_bytes())
    assert (manifest["complete"], len(manifest["images"])) == (False, 2)
    again = run(*words)
    assert (again.status, again.json["complete"], again.json["already_there"]) == (0, True, 2)


def test_sigterm_is_told_like_ctrl_c(made: CommandHome) -> None:
    """The process ends by the signal all the same, so a shell sees 143."""
    root = made.make_storage_dir(is_added=False)
    ids = [made.put(root, seed) for seed in range(60)]
    made.look(root)
    with started("delete", "--yes", "--json", *ids) as process:
        while len(list((root / "media").iterdir())) == len(ids):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        answer, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == -signal.SIGTERM
    report = json.loads(answer)
    assert not report["complete"]
    left = {Path(each).stem for each in os.listdir(root / "media")}
    assert {each["image_id"] for each in report["done"]} == set(ids) - left


def test_a_command_that_finishes_nothing_is_ended_as_ever() -> None:
    """Its signals keep the handlers that they had."""
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with taking_interrupts(if_=False) as interrupt:
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    interrupt.end_if_asked()
