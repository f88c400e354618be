"""The text of ``explain``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from builders.reports import IMAGE_ID, NOW, make_file, make_storage_dir
from strandline.cli.explanation_text import show_explanation
from strandline.model.image_files import FileState
from strandline.model.reports import DiskFact, Explanation, StorageDirTrace
from strandline.model.storage_dirs import StorageDirState
from strandline.model.verdicts import Verdict


def test_the_story_has_all_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    """First the verdict, then for each folder what the catalog says and what is there, last what happens next."""
    believed = replace(make_file(state=FileState.ARRIVING), absent_since=NOW)
    here = StorageDirTrace(
        make_storage_dir(), (believed,), (DiskFact("x.png", "arriving", 500, "half of it is here"),)
    )
    away = make_storage_dir(name="Away", state=StorageDirState.OFFLINE, problem="not mounted")
    empty = make_storage_dir(name="Empty")
    explanation = Explanation(
        IMAGE_ID,
        Verdict.ARRIVING,
        f"image {IMAGE_ID} is still arriving.",
        (here, StorageDirTrace(away, (), ()), StorageDirTrace(empty, (), ())),
        "Let the sync client finish.",
    )
    show_explanation(explanation)
    story = capsys.readouterr().out.splitlines()
    assert story[0] == f"Image {IMAGE_ID} is still arriving."
    assert story[2] == "In Notes  (/somewhere/Notes)"
    assert story[3].startswith(
        f"  The catalog knows {IMAGE_ID}.png: still arriving, 3.1 MB, its bytes hashed"
    )
    assert story[4] == "  On the disk, x.png: half of it is here."
    assert "  This storage directory is offline: not mounted." in story
    assert "  The catalog knows nothing about it here." in story
    assert "  Nothing here." in story
    assert story[-1] == "What to do: Let the sync client finish."


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_can_be_told(verdict: Verdict, capsys: pytest.CaptureFixture[str]) -> None:
    """This includes verdicts without folders or next steps."""
    show_explanation(Explanation(IMAGE_ID, verdict, "it is so.", (), None))
    assert capsys.readouterr().out == "It is so.\n"
