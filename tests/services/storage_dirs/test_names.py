"""The name of a storage directory, and which one a text refers to."""

from __future__ import annotations

import base64
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.identities import A, B, C, S
from builders.storage import make_storage_dir, open_bench
from strandline.errors import InvalidNameError, StorageDirConflictError, StorageDirNotFoundError
from strandline.services.storage_dirs.add import add_storage_dir
from strandline.services.storage_dirs.manage import (
    MAX_NAME_LENGTH,
    check_name,
    get_storage_dir,
    name_after,
    rename_storage_dir,
)
from strandline.services.storage_dirs.presence import reconsider_storage_dirs
from strandline.services.workbench import Workbench


@pytest.fixture
def bench(home: Path) -> Iterator[Workbench]:
    """A workbench with a clock of its own."""
    with open_bench(home) as bench:
        yield bench


def base64url(sd_id: str) -> str:
    """The other spelling of an identity."""
    return base64.urlsafe_b64encode(uuid.UUID(sd_id).bytes)[:22].decode()


def test_identity_then_alias_then_path_then_name(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If one text matches four storage directories, the first in that order is meant, and without it the next."""
    monkeypatch.chdir(tmp_path)
    by_name = add_storage_dir(bench, make_storage_dir(tmp_path / "four", sd_id=B), name=A).sd
    by_path = add_storage_dir(bench, make_storage_dir(tmp_path / A, sd_id=C)).sd
    assert by_path.name == f"{A} 2"
    assert get_storage_dir(bench, A) == by_path
    (tmp_path / A).rename(tmp_path / "moved")
    add_storage_dir(bench, tmp_path / "moved")
    assert get_storage_dir(bench, A).number == by_name.number

    former = make_storage_dir(tmp_path / "two", sd_id=S)
    (former / f"SD_ID.was-{A}").write_text(A)
    by_alias = add_storage_dir(bench, former).sd
    assert get_storage_dir(bench, A) == by_alias
    by_identity = add_storage_dir(bench, make_storage_dir(tmp_path / "one", sd_id=A)).sd
    assert get_storage_dir(bench, A) == by_identity


@pytest.mark.parametrize("spell", [str, str.upper, base64url])
def test_an_identity_may_be_spelled_in_every_way_that_a_file_may(
    bench: Workbench, tmp_path: Path, spell: Callable[[str], str]
) -> None:
    """UUID in either case, or base64url: the same 128 bits, current or alias."""
    root = make_storage_dir(tmp_path / "Notes", sd_id=A)
    (root / f"SD_ID.was-{B}").write_text(B)
    sd = add_storage_dir(bench, root).sd
    assert get_storage_dir(bench, spell(A)) == sd
    assert get_storage_dir(bench, spell(B)) == sd


def test_a_name_is_found_in_any_case_the_exact_one_first(bench: Workbench, tmp_path: Path) -> None:
    """Two names may differ only in case. Each is then found by its own spelling."""
    small = add_storage_dir(bench, make_storage_dir(tmp_path / "notes")).sd
    assert get_storage_dir(bench, "NOTES") == small
    large = add_storage_dir(bench, make_storage_dir(tmp_path / "x" / "Notes")).sd
    assert (get_storage_dir(bench, "Notes"), get_storage_dir(bench, "notes")) == (large, small)


@pytest.mark.parametrize(
    "text", ["", "nowhere", "\0", "x" * 10_000, "/" * 5000, "\udcff", A, "~nobody-at-all"]
)
def test_what_nobody_is_called_is_a_clear_error(bench: Workbench, tmp_path: Path, text: str) -> None:
    """The message lists the known names, and is short whatever the input."""
    add_storage_dir(bench, make_storage_dir(tmp_path / "Notes", sd_id=B))
    with pytest.raises(StorageDirNotFoundError, match="'Notes'") as caught:
        get_storage_dir(bench, text)
    assert len(caught.value.message) < 300


def test_an_empty_text_is_not_the_folder_that_one_stands_in(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unset variable in a script must not choose a storage directory by accident. A dot is intended."""
    root = make_storage_dir(tmp_path / "Notes")
    sd = add_storage_dir(bench, root).sd
    monkeypatch.chdir(root)
    assert get_storage_dir(bench, ".") == sd
    with pytest.raises(StorageDirNotFoundError):
        get_storage_dir(bench, "")


def test_two_never_share_a_name(bench: Workbench, tmp_path: Path) -> None:
    """The folder's own name gets a number if it is taken. A requested one is refused then, also when added again."""
    roots = [make_storage_dir(tmp_path / str(n) / "Notes") for n in range(3)]
    assert [add_storage_dir(bench, root).sd.name for root in roots] == ["Notes", "Notes 2", "Notes 3"]
    for taken in ("Notes", "Notes 2"):
        with pytest.raises(StorageDirConflictError, match=taken):
            add_storage_dir(bench, roots[2], name=taken)
    assert add_storage_dir(bench, roots[2], name="Notes 3").sd.name == "Notes 3"
    assert add_storage_dir(bench, roots[2], name="Mine").sd.name == "Mine"
    assert add_storage_dir(bench, roots[2]).sd.name == "Mine"


def test_renaming(bench: Workbench, tmp_path: Path) -> None:
    """To a free name, or to its own, but not to another one's."""
    first, second = (add_storage_dir(bench, make_storage_dir(tmp_path / name)).sd for name in ("a", "b"))
    assert rename_storage_dir(bench, first, "  Urlaub 2024 ").name == "Urlaub 2024"
    assert rename_storage_dir(bench, first, "Urlaub 2024").name == "Urlaub 2024"
    with pytest.raises(StorageDirConflictError):
        rename_storage_dir(bench, second, "Urlaub 2024")
    assert [sd.name for sd in reconsider_storage_dirs(bench)] == ["Urlaub 2024", "b"]


@pytest.mark.parametrize(
    "name", ["", "  ", "\0", "a\nb", "\x1b[31m", "\u202e", "\udcff", "x" * 101, "a/b", "../..", ".", " .. "]
)
def test_names_that_nobody_can_read_or_reach_are_refused(bench: Workbench, tmp_path: Path, name: str) -> None:
    """Before anything is read or written. Clients take dots and slashes in an address for steps."""
    root = tmp_path / "Notes"
    root.mkdir()
    with pytest.raises(InvalidNameError):
        add_storage_dir(bench, root, name=name)
    assert list(root.iterdir()) == []
    sd = add_storage_dir(bench, root).sd
    with pytest.raises(InvalidNameError):
        rename_storage_dir(bench, sd, name)


@given(st.text())
def test_every_folder_has_a_name_that_could_have_been_given(folder: str) -> None:
    """Law: a name made from a folder's name passes the check, whatever the folder's name."""
    assert check_name(name_after(f"/somewhere/{folder.replace('/', '')}"))
    assert check_name(name_after(folder))


def test_a_folder_with_an_unreadable_name_gets_a_readable_one(bench: Workbench, tmp_path: Path) -> None:
    """Newlines and escape characters in a folder's name never appear in a list."""
    root = tmp_path / ("a\n\x1b[31m" + "b" * 200)
    sd = add_storage_dir(bench, make_storage_dir(root)).sd
    assert sd.name.startswith("a")
    assert sd.name.isprintable()
    assert len(sd.name) <= MAX_NAME_LENGTH
    assert sd.path == os.fspath(root)
