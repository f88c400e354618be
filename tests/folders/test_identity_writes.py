"""Carrying out a decision on a real disk: it settles, it may be interrupted anywhere, and it loses races safely."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from builders.identities import A, B, C, S
from builders.identity_folders import as_somebody_without_rights, contents, decide_there, lay
from strandline.errors import DiskError, RefusedError, UnwritableFolderError
from strandline.folders.identity_files import look_at_identity
from strandline.folders.identity_writes import apply_identity
from strandline.folders.plain_identity import read_plain_identity
from strandline.model.identity.decisions import IdentityStep, StepAction
from strandline.model.identity.rules import decide_identity
from strandline.model.identity.sd_ids import StorageDirId

WAS = "SD_ID.was-"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty storage directory."""
    path = tmp_path / "sd"
    path.mkdir()
    return path


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A folder for temporaries that does not exist yet."""
    return tmp_path / "scratch"


PLAIN: dict[str, str | bytes | None] = {
    "absent": "-", "A": f"{A}\n", "BOM and CRLF": f"\ufeff{A}\r\n", "base64url": "AAAAAAAAQACAAAAAAAAAAg",
    "empty": "", "truncated": A[:20], "NUL": b"\0" * 37, "two lines": f"{A}\n{B}\n", "folder": None, "link": "-",
}  # fmt: skip
LEGACY: dict[str, str | None] = {"absent": "-", "A": A, "B": B, "no UUID": "hello", "folder": None}
COPIES: dict[str, dict[str, str | bytes | None]] = {
    "none": {},
    "one": {"SD_ID.variant-0702": C},
    "two": {"SD_ID..path1": C, "SD_ID..path2": f"{S}\n"},
    "invalid": {"SD_ID 2": C[:9]},
}
FORMER: dict[str, dict[str, str | bytes | None]] = {"none": {}, "A": {WAS + A: A}, "B": {WAS + B: f"{B}\n"}}


def build(root: Path, of_plain: str, of_legacy: str, of_copies: str, of_former: str) -> None:
    """One combination of the tables above, on disk."""
    files = {**COPIES[of_copies], **FORMER[of_former]}
    if PLAIN[of_plain] != "-":
        files["SD_ID"] = PLAIN[of_plain]
    if LEGACY[of_legacy] != "-":
        files[".sd-id"] = LEGACY[of_legacy]
    root.mkdir()
    lay(root, files)
    if of_plain == "link":
        (root / "SD_ID").symlink_to("elsewhere")


class PowerCut(Exception):
    """Simulates the end of the process after a step."""


def cut_after(steps: int) -> Callable[[IdentityStep], None]:
    """A hook that allows this many steps."""
    left = steps

    def after_step(_: IdentityStep) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise PowerCut

    return after_step


@pytest.fixture
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of small temporary folders do not need to be durable: syncing them would take minutes."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.slow
@pytest.mark.usefixtures("no_waiting_for_the_disk")
@pytest.mark.parametrize("new_identity", [False, True], ids=["as found", "new identity"])
@pytest.mark.parametrize("of_plain", PLAIN)
def test_carrying_out_settles_every_combination(tmp_path: Path, of_plain: str, new_identity: bool) -> None:
    """After the decision is carried out, the identity and aliases are the same, nothing is left to do, and no
    value is lost. Only SD_ID, .sd-id, and former values have changed; no temporary is left.
    """
    for number, case in enumerate(product(LEGACY, COPIES, FORMER)):
        root = tmp_path / str(number)
        build(root, of_plain, *case)
        before, sees = contents(root), look_at_identity(root)
        first = decide_there(root, new_identity=new_identity)
        done = apply_identity(root, first, scratch=tmp_path / "scratch")
        assert (done.sd_id, done.is_as_decided, done.warnings) == (first.sd_id, True, ()), case
        again, after = decide_there(root), contents(root)
        if first.sd_id is None:
            assert after == before, case
            continue
        assert (again.sd_id, again.steps) == (first.sd_id, ()), case
        assert again.aliases == first.aliases == (sees.candidates | sees.former_values) - {first.sd_id}, case
        for name in before.keys() - {"SD_ID", ".sd-id"}:
            assert after[name] == before[name], (case, name)
        if not first.write:
            assert after.get("SD_ID") == before.get("SD_ID"), case
        assert {name for name in after.keys() - before.keys() if not name.startswith(WAS)} <= {"SD_ID"}, case


@pytest.mark.slow
@pytest.mark.usefixtures("no_waiting_for_the_disk")
@pytest.mark.parametrize("new_identity", [False, True], ids=["as found", "new identity"])
@pytest.mark.parametrize("of_plain", ["absent", "A", "empty"])
def test_a_power_cut_after_any_step_changes_no_mind(
    tmp_path: Path, of_plain: str, new_identity: bool
) -> None:
    """After a crash at any step, the folder still gives the same decision. With a new identity, the decision is
    the old one until SD_ID is written, and then the new one.
    """
    for number, case in enumerate(product(LEGACY, COPIES, FORMER)):
        build(tmp_path / str(number), of_plain, *case)
        old = decide_there(tmp_path / str(number))
        steps = decide_there(tmp_path / str(number), new_identity=new_identity).steps
        for count in range(1, len(steps) + 1):
            root = tmp_path / f"{number}-{count}"
            build(root, of_plain, *case)
            meant = decide_there(root, new_identity=new_identity)
            with pytest.raises(PowerCut):
                apply_identity(root, meant, scratch=tmp_path / "scratch", after_step=cut_after(count))
            is_written = StepAction.WRITE in [step.action for step in steps[:count]]
            rest = decide_there(root)
            assert rest.sd_id == (meant.sd_id if is_written or not new_identity else old.sd_id), (case, count)
            apply_identity(root, rest, scratch=tmp_path / "scratch")
            assert decide_there(root).steps == ()
            if is_written or not new_identity:
                assert (decide_there(root).sd_id, decide_there(root).aliases) == (
                    meant.sd_id,
                    meant.aliases,
                ), (
                    case,
                    count,
                )


def test_a_migration_leaves_readable_files(root: Path, scratch: Path) -> None:
    """One line each, with a newline, with the documented names. .sd-id is gone."""
    lay(root, {"SD_ID": A, ".sd-id": B, "media/x.png": "x"})
    apply_identity(root, decide_there(root), scratch=scratch)
    assert contents(root) == {"SD_ID": f"{B}\n".encode(), WAS + A: f"{A}\n".encode(), "media": "folder"}
    assert read_plain_identity(root) == B


def test_who_comes_second_believes_what_is_there(root: Path, scratch: Path) -> None:
    """A new identity never replaces one that arrived just before. The caller learns of it."""
    decision = decide_there(root)
    lay(root, {"SD_ID": A})
    done = apply_identity(root, decision, scratch=scratch)
    assert (done.sd_id, done.is_as_decided) == (A, False)
    assert contents(root) == {"SD_ID": A.encode()}


@pytest.mark.parametrize("files", [{}, {"SD_ID": A, ".sd-id": B}])
def test_what_is_read_back_is_believed(
    root: Path, scratch: Path, files: dict[str, str | bytes | None]
) -> None:
    """If another value replaces ours, that one is reported, and a .sd-id that may be needed stays."""
    lay(root, files)

    def overwrite(step: IdentityStep) -> None:
        if step.action is StepAction.WRITE:
            lay(root, {"SD_ID": C})

    done = apply_identity(root, decide_there(root), scratch=scratch, after_step=overwrite)
    assert (done.sd_id, done.is_as_decided) == (C, False)
    assert (root / ".sd-id").exists() == (".sd-id" in files)


@pytest.mark.parametrize("arrived", [C, "", None])
def test_a_changed_identity_is_not_replaced(root: Path, scratch: Path, arrived: str | None) -> None:
    """If another SD_ID has arrived since the decision, it is not replaced, and .sd-id is not deleted."""
    lay(root, {"SD_ID": A, ".sd-id": B})
    decision = decide_there(root)
    (root / "SD_ID").unlink()
    lay(root, {"SD_ID": arrived})
    before = contents(root)
    done = apply_identity(root, decision, scratch=scratch)
    assert (done.sd_id, done.is_as_decided) == (arrived or None, False)
    assert contents(root) == {**before, WAS + A: f"{A}\n".encode()}


@pytest.mark.parametrize("arrived", ["", "hello", C])
def test_an_older_identity_that_changed_is_not_deleted(root: Path, scratch: Path, arrived: str) -> None:
    """Only the .sd-id that was migrated is deleted. One that an old program has rewritten since stays."""
    lay(root, {".sd-id": B})

    def rewrite(step: IdentityStep) -> None:
        if step.action is StepAction.WRITE:
            lay(root, {".sd-id": arrived})

    done = apply_identity(root, decide_there(root), scratch=scratch, after_step=rewrite)
    assert done.sd_id == B
    assert (root / ".sd-id").read_text() == arrived


def test_an_older_identity_that_resists_is_a_warning() -> None:
    """Deleting .sd-id is best effort: on failure, the identity is valid, there is a warning, and the next start
    tries again.
    """
    with as_somebody_without_rights() as folder:
        lay(folder, {".sd-id": B})

        def close_the_folder(_: IdentityStep) -> None:
            folder.chmod(0o500)

        done = apply_identity(
            folder, decide_there(folder), scratch=folder / "none", after_step=close_the_folder
        )
        assert (done.sd_id, done.is_as_decided) == (B, True)
        [warning] = done.warnings
        assert ".sd-id" in warning
        assert [step.action for step in decide_there(folder).steps] == [StepAction.DELETE_LEGACY]
        folder.chmod(0o700)
        apply_identity(folder, decide_there(folder), scratch=folder / "none")
        assert list(contents(folder)) == ["SD_ID"]


def test_a_folder_that_takes_no_writes_is_an_error() -> None:
    """Without write permission nothing is half done, and the error says which permission is missing."""
    with as_somebody_without_rights() as folder:
        lay(folder, {"SD_ID": A, ".sd-id": B})
        folder.chmod(0o500)
        with pytest.raises(UnwritableFolderError):
            apply_identity(folder, decide_there(folder), scratch=folder / "none")
        assert contents(folder) == {"SD_ID": A.encode(), ".sd-id": B.encode()}


def test_losers_in_copies_are_kept_as_well_as_can_be() -> None:
    """A valid SD_ID is used even in a folder without write permission. There is a warning that the losing values
    are not kept.
    """
    with as_somebody_without_rights() as folder:
        lay(folder, {"SD_ID": A, "SD_ID 2": B})
        folder.chmod(0o500)
        done = apply_identity(folder, decide_there(folder), scratch=folder / "none")
        assert (done.sd_id, done.is_as_decided, len(done.warnings)) == (A, True, 1)


@pytest.mark.parametrize("before", [{}, {"SD_ID": A, ".sd-id": B}, {"SD_ID": "", ".sd-id": B}])
def test_a_full_disk_leaves_the_old_identity(
    root: Path, scratch: Path, before: dict[str, str | bytes | None]
) -> None:
    """If no byte can be written, SD_ID is unchanged, there is no new name, and .sd-id stays."""
    lay(root, before)
    decision, files = decide_there(root), contents(root)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        with pytest.raises(DiskError):
            apply_identity(root, decision, scratch=scratch)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert contents(root) == files


@pytest.mark.parametrize("there", [None, B, A[:20]])
def test_a_value_is_not_replaced_before_it_is_kept(root: Path, scratch: Path, there: str | None) -> None:
    """If its name is taken by something else, SD_ID stays, and a person is asked."""
    lay(root, {"SD_ID": A, ".sd-id": C, WAS + A: there})
    before = contents(root)
    with pytest.raises(RefusedError, match=WAS + A):
        apply_identity(root, decide_there(root), scratch=scratch)
    assert contents(root) == before


def test_what_is_kept_already_is_no_hindrance(root: Path, scratch: Path) -> None:
    """If another machine's SD_ID.was-* arrives between look and write, it serves as ours."""
    lay(root, {"SD_ID": A, ".sd-id": B})
    decision = decide_there(root)
    lay(root, {WAS + A: f"{A}\r\n"})
    assert apply_identity(root, decision, scratch=scratch).sd_id == B
    assert (root / (WAS + A)).read_bytes() == f"{A}\r\n".encode()


def test_nothing_decided_is_nothing_done(root: Path, scratch: Path) -> None:
    """A decision that waits, or has no identity, changes nothing."""
    lay(root, {"SD_ID..path1": A, "SD_ID..path2": B})
    before = contents(root), root.stat().st_mtime_ns
    waiting = decide_there(root, quiet=False)
    assert waiting.wait_for_quiet
    assert apply_identity(root, waiting, scratch=scratch).sd_id == A
    assert (contents(root), root.stat().st_mtime_ns) == before
    assert apply_identity(root / "away", decide_there(root / "away"), scratch=scratch).sd_id is None


@pytest.mark.parametrize("legacy", ["SDlm4vC4TROO6TYEckVqZA", "483966E2-F0B8-4D13-8EE9-360472456A64"])
@pytest.mark.parametrize("plain", [None, "483966e2-f0b8-4d13-8ee9-360472456a64", "SDlm4vC4TROO6TYEckVqZA"])
def test_a_migrated_identity_keeps_its_spelling(tmp_path: Path, legacy: str, plain: str | None) -> None:
    """A program that compares text and migrates the same way leaves exactly the same file."""
    root = tmp_path / "Notes"
    root.mkdir()
    (root / ".sd-id").write_text(legacy)
    if plain is not None:
        (root / "SD_ID").write_text(plain)
    for _ in range(2):
        decision = decide_identity(look_at_identity(root), fresh=StorageDirId(A), quiet=True)
        assert decision.sd_id == "483966e2-f0b8-4d13-8ee9-360472456a64"
        apply_identity(root, decision, scratch=tmp_path / "scratch")
    assert (root / "SD_ID").read_text().strip() == legacy
    assert not (root / ".sd-id").exists()
