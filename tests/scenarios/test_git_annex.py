"""What only git-annex does: files without their bytes, and files that turn into links (hazard H22)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.receiver import make_mixed_pictures
from scenarios.git_annex import GIT_ANNEX, GitAnnexLink
from scenarios.two_machines import TwoMachines, list_files, two_machines
from scenarios.waiting import wait_until

PICTURES = make_mixed_pictures(1)


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[TwoMachines]:
    """Two machines that share images through git-annex."""
    with two_machines(GIT_ANNEX, tmp_path) as machines:
        yield machines


def get_link(machines: TwoMachines) -> GitAnnexLink:
    """The client, for what only git-annex can do."""
    assert isinstance(machines.link, GitAnnexLink)
    return machines.link


def test_an_image_that_is_not_fetched_is_still_to_arrive(machines: TwoMachines) -> None:
    """Only its name is here: it is not shown, and ``explain`` says how to get it. Once fetched it is shown,
    announced once.
    """
    link, b = get_link(machines), machines.b
    machines.put(PICTURES)
    link.bring_names()
    for name in PICTURES:
        b.events.wait_for("image.arriving", name)
        explanation = b.store.explain(name.partition(".")[0])
        assert explanation.verdict == "arriving"
        assert "git annex get" in explanation.sds[0].disk[0].message
    link.annex(link.b, "get", "--quiet", "media")
    machines.check_shown_once(PICTURES)
    machines.check_nothing_wrong()


def test_an_image_that_is_dropped_and_fetched_again_is_told_again_and_never_lost(
    machines: TwoMachines,
) -> None:
    """``git annex drop`` keeps the name: neither missing nor damaged. Its row stays, and it comes back as itself."""
    link, b = get_link(machines), machines.b
    machines.put(PICTURES)
    link.transfer()
    machines.check_shown_once(PICTURES)
    before = b.get_account()
    link.annex(link.b, "drop", "--quiet", "media")
    for name in PICTURES:
        b.events.wait_for("image.arriving", name)
    link.annex(link.b, "get", "--quiet", "media")
    for name in PICTURES:
        b.events.wait_for("image.available", name, count=2)
    assert b.get_account() == before
    b.catch_up()
    assert {b.events.types_of(name).count("image.available") for name in PICTURES} == {2}
    machines.check_nothing_wrong()


def test_locked_files_take_the_folder_offline_until_they_are_unlocked(machines: TwoMachines) -> None:
    """Links are never followed, not even for ``SD_ID``: nothing is concluded, lost, or announced twice."""
    link, a = get_link(machines), machines.a
    machines.put(PICTURES)
    a.wait_for(PICTURES)
    before, files = a.get_account(), list_files(a.root)
    link.annex(link.a, "add", "--quiet", ".")
    link.annex(link.a, "lock", "--quiet", ".")
    a.events.wait_for("sd.offline")
    assert (a.root / "SD_ID").is_symlink()
    assert a.get_account().images == before.images
    link.annex(link.a, "unlock", "--quiet", ".")
    wait_until("all is as before", lambda: a.get_account() == before)
    a.wait_for(PICTURES)
    assert list_files(a.root) == files
    machines.check_nothing_wrong(but=["sd.offline", "sd.suspect"])
