"""Folders that cannot be storage directories: each is refused with the reason and with what to do instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.reports import make_storage_dir
from strandline.model.suitable_folders import (
    FolderFacts,
    choose_subfolders,
    find_objection,
    say_same_identity,
)

OTHER = make_storage_dir(name="My Vault")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (FolderFacts("/", is_system_root=True, is_user_home=True), "the root of the disk; add the folder"),
        (FolderFacts("/home/ada", is_user_home=True), "your home folder"),
        (FolderFacts("/home/ada", is_user_home=True), "run `strandline sd add /home/ada --yes`"),
        (FolderFacts("/data", holds_user_home=True), "has your home folder in it"),
        (FolderFacts("/usr"), "belongs to the system"),
        (FolderFacts("/proc/1/fd"), "belongs to the system"),
        (FolderFacts("/dev/shm"), "belongs to the system"),
        (FolderFacts("/System"), "belongs to the system"),
        (FolderFacts(r"C:\Program Files"), "belongs to the system"),
        (FolderFacts("/x", is_very_large=True), "more than 1,000,000 files and folders"),
        (FolderFacts("/a b/media", media_of="/a b", inside=OTHER), "run `strandline sd add '/a b'`"),
        (FolderFacts("/x", inside=OTHER), "inside the storage directory 'My Vault'"),
        (FolderFacts("/x", inside=OTHER), "run `strandline save -r /x --sd 'My Vault'`"),
        (FolderFacts("/x", contains=OTHER), "contains the storage directory 'My Vault'"),
    ],
)
def test_each_refusal_says_why_and_what_to_do(facts: FolderFacts, said: str) -> None:
    """The folder is named, and so is the better one, or a command that works."""
    objection = find_objection(facts)
    assert objection is not None
    assert objection.message.startswith(f"{facts.root} ")
    assert said in objection.message
    assert (find_objection(facts, insists=True) is None) == objection.may_insist


@pytest.mark.parametrize(
    "root",
    [
        "/srv/photos",
        "/mnt/nas",
        "/opt/wiki",
        "/tmp/notes",
        "/dev/shm/notes",
        "/home/ada/Notes",
        "/Volumes/Stick",
        "/usr/local/wiki",
    ],
)
def test_an_ordinary_place_is_fine(root: str) -> None:
    """People mount and keep things below the folders of the system."""
    assert find_objection(FolderFacts(root)) is None


def test_only_a_large_folder_is_a_question() -> None:
    """A place of the system is hardly ever meant. Many files may be."""
    for facts in (FolderFacts("/"), FolderFacts("/usr"), FolderFacts("/x", inside=OTHER)):
        assert not getattr(find_objection(facts), "is_question", False)
    objection = find_objection(FolderFacts("/x", is_very_large=True))
    assert objection is not None
    assert objection.is_question


FACTS = st.builds(
    FolderFacts,
    st.just("/x"),
    is_system_root=st.booleans(),
    is_user_home=st.booleans(),
    holds_user_home=st.booleans(),
    is_very_large=st.booleans(),
    media_of=st.none() | st.just("/"),
)


@given(FACTS)
def test_a_folder_is_suitable_exactly_if_nothing_speaks_against_it(facts: FolderFacts) -> None:
    """Any single fact is enough to refuse it."""
    is_odd = facts.is_system_root or facts.is_user_home or facts.holds_user_home or facts.is_very_large
    speaks_against = is_odd or facts.media_of is not None
    assert (find_objection(facts) is not None) == speaks_against


@given(st.lists(st.text(max_size=4)), st.text(max_size=2))
def test_what_is_offered_begins_with_what_was_typed(names: list[str], begun: str) -> None:
    """In any letter case, each name once as it was given, and hidden ones only if a dot was typed."""
    offered = choose_subfolders(names, begun)
    for name in names:
        is_hidden = name.startswith(".") and not begun.startswith(".")
        fits = name.casefold().startswith(begun.casefold()) and not is_hidden
        assert offered.count(name) == (names.count(name) if fits else 0)
    assert offered == sorted(offered, key=lambda name: (name.casefold(), name))


def test_the_folder_that_was_added_later_is_called_the_copy() -> None:
    """In either order, with the command for that one. If both were added at once, nobody can tell."""
    copy = replace(OTHER, number=2, name="Copy", path="/a b", added_at=OTHER.added_at + timedelta(seconds=1))
    for pair in ((OTHER, copy), (copy, OTHER)):
        said = say_same_identity(*pair)
        assert "'Copy' was added later, so it is probably the copy" in said
        assert said.endswith("run `strandline sd add --new-identity '/a b'`")
    unwritten = say_same_identity(OTHER, replace(copy, read_only=True))
    assert unwritten.endswith("run `strandline sd forget Copy`")
    at_once = say_same_identity(OTHER, replace(copy, added_at=OTHER.added_at))
    assert "it is not clear which is the copy" in at_once
