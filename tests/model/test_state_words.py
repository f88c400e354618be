"""The table of state words: every state has one, and none says more than was checked."""

from __future__ import annotations

from dataclasses import replace

from builders.reports import NOW, make_file
from strandline.model.image_files import FileState, ProofKind
from strandline.model.state_words import (
    DISK_WORDS,
    FILE_WORDS,
    STORAGE_DIR_WORDS,
    VERDICT_TONES,
    word_of_disk,
    word_of_file,
)
from strandline.model.storage_dirs import StorageDirState
from strandline.model.verdicts import Verdict


def test_every_state_has_its_word() -> None:
    """None is shown by its internal name, and no two states of a file have the same words."""
    assert set(FILE_WORDS) == set(FileState)
    assert set(STORAGE_DIR_WORDS) == set(StorageDirState)
    assert set(VERDICT_TONES) == set(Verdict)
    words = [word_of_file(replace(make_file(), state=state)).word for state in FileState]
    assert len(set(words)) == len(FileState)


def test_a_present_file_says_how_sure_we_are() -> None:
    """Proven, half, only listed, only decoded, or absent in the last scan: never more than was checked."""
    proven = make_file()
    assert proven.proof is not None
    decoded = replace(proven, proof=replace(proven.proof, kind=ProofKind.DECODED))
    half = replace(proven, proof=replace(proven.proof, whole=False))
    assert word_of_file(proven).word == "checked"
    assert word_of_file(half).word == "incomplete"
    assert word_of_file(replace(proven, proof=None)).word == "unchecked"
    assert word_of_file(decoded).word == "odd"
    assert word_of_file(replace(proven, absent_since=NOW)).word == "not seen lately"


def test_what_has_no_word_is_said_as_it_is_called() -> None:
    """A folder or a FIFO with the name of an image."""
    assert word_of_disk("special file").word == "special file"
    assert word_of_disk("present") is DISK_WORDS["present"]
