"""``sd confirm`` and ``sd accept-missing``: what only a person can say about missing images."""

from __future__ import annotations

from builders.command_home import CommandHome
from builders.pictures import make_picture
from builders.program import run


def test_what_is_gone_is_confirmed_and_then_dropped(made: CommandHome) -> None:
    """If all images are gone, nothing is missing until a person confirms. Then they are missing and can be dropped
    once.
    """
    root = made.make_storage_dir()
    images = [made.put(root, seed) for seed in range(2)]
    made.look(root, hours_ago=2)
    for image_id in images:
        (root / "media" / f"{image_id}.png").unlink()
    made.look(root, hours_ago=1)
    assert run("sd", "show", "Notes", "--json").json["sd"]["state"] == "suspect"
    assert "`strandline sd confirm Notes`" in run("sd", "accept-missing", "Notes").text
    confirmed = run("sd", "confirm", "Notes", "--json").json
    assert (set(confirmed), confirmed["sd"]["state"]) == (
        {"sd", "identity_restored", "accepted"},
        "online",
    )
    assert run("scan", "--json").json["scans"][0]["missing"] == 2
    dropped = run("sd", "accept-missing", "Notes", "--json").json
    assert (set(dropped), dropped["sd"]["name"], dropped["dropped"]) == ({"sd", "dropped"}, "Notes", 2)
    assert run("sd", "accept-missing", "Notes").text == "Notes: no image is missing, so nothing was dropped\n"
    assert run("explain", images[0], "--json").json["verdict"] == "not-found"


def test_a_damaged_image_is_restored_as_the_inspector_says(made: CommandHome) -> None:
    """From another storage directory, with the two commands of its remedy; then nothing is damaged."""
    notes, other = made.make_storage_dir(), made.make_storage_dir("Other")
    damaged = made.put_damaged(notes)
    (other / "media" / f"{damaged}.png").write_bytes(make_picture("png", seed=200))
    made.look(other)
    letter = run("inspect", "Notes")
    assert (letter.status, b"strandline get ID | strandline save --sd Notes --id ID -" in letter.stdout) == (
        1,
        True,
    )
    good = run("get", damaged)
    assert run("save", "--sd", "Notes", "--id", damaged, "-", stdin=good.stdout).status == 0
    assert run("inspect", "Notes").status == 0
