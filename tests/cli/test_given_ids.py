"""Ids on the command line: as people have them, by their first digits, and many of them."""

from __future__ import annotations

import pytest

from builders.command_home import CommandHome
from builders.program import run


@pytest.mark.parametrize(
    "written", ["{}.png", "./media/{}.png", r"media\{}.png", "![a](media/{}.png)", "{:.8}"]
)
def test_commands_take_ids_as_people_have_them(made: CommandHome, written: str) -> None:
    """A file name, a path, a link, or the first digits mean the image."""
    root = made.make_storage_dir(is_added=False)
    image_id = made.put(root)
    made.look(root)
    given = written.format(image_id)
    assert run("info", given.upper(), "--json").json["image_id"] == image_id
    assert run("path", given).text == f"{root}/media/{image_id}.png\n"
    assert run("exists", given).status == 0


def test_a_beginning_must_be_that_of_one_known_image(made: CommandHome) -> None:
    """Several are listed. None is wrong use, not "not found": a disk may have the image all the same."""
    root = made.make_storage_dir(is_added=False)
    ids = [f"ab12{number:028}" for number in range(7)]
    for image_id in ids:
        (root / f"media/{image_id}.png").write_bytes(b"")
    made.look(root)
    several = run("exists", "AB12", "--json")
    assert several.status == 2
    assert several.json["error"]["code"] == "ambiguous-image-id"
    assert several.json["error"]["candidates"] == ids
    assert f"{ids[0]}, {ids[1]}" in several.stderr
    assert run("explain", ids[3][:31] + "3").status == 0
    none = run("exists", "ffff", "--json")
    assert (none.status, none.json["error"]["code"]) == (2, "invalid-image-id")
    assert "give the whole id" in none.stderr


def test_two_ids_are_too_many_for_one(made: CommandHome) -> None:
    """A line with two images does not say which one is meant."""
    made.make_storage_dir()
    line = f"![](media/{1:032x}.png) ![](media/{2:032x}.png)"
    both = run("whereis", line, "--json")
    assert (both.status, both.json["error"]["code"]) == (2, "ambiguous-image-id")
