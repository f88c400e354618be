"""Folders that are passed over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strandline.model.passed_over import has_settings, is_passed_over


@pytest.mark.parametrize(
    "path",
    [
        ".git", "a/.git", ".obsidian", ".trash", ".stversions", ".stfolder", ".dropbox.cache", "x/node_modules",
        "__pycache__", "Photos.photoslibrary", "NAS/@eaDir", "#recycle", "$RECYCLE.BIN", "$Recycle.Bin", "logseq/bak",
        "graph/logseq/.recycle", "System Volume Information", "lost+found",
    ],
)  # fmt: skip
def test_what_other_programs_keep_is_passed_over(path: str) -> None:
    """Whatever lies above it."""
    assert is_passed_over(path)


@pytest.mark.parametrize(
    "path", ["Study", "assets", "media", "bak", "my.git", "logseq", "a/logseq/pages", "node"]
)
def test_folders_of_people_are_not(path: str) -> None:
    """They may be called almost anything."""
    assert not is_passed_over(path)


@given(st.text(st.characters(exclude_characters="/"), min_size=1), st.text())
def test_only_its_own_name_counts(name: str, above: str) -> None:
    """Law: a walk does not enter a folder that is passed over, so none above is one."""
    if not f"{above}/{name}".endswith(("logseq/bak", "logseq/.recycle")):
        assert is_passed_over(f"{above}/{name}") == is_passed_over(name)


@pytest.mark.parametrize(("path", "is_read"), [
    (".obsidian", True), ("a/.vscode", True), (".git", False), (".trash", False), (".Trash-1000", False),
    ("node_modules", False),
])  # fmt: skip
def test_settings_may_name_pictures(path: str, is_read: bool) -> None:
    """Old versions and deleted files may not."""
    assert has_settings(path) == is_read
