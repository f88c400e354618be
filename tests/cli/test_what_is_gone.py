"""``sd confirm`` and ``sd accept-missing``: what only a person can say of images that are not there any more."""

from __future__ import annotations

from builders.command_home import CommandHome
from builders.program import run


def test_what_is_gone_is_confirmed_and_then_dropped(made: CommandHome) -> None:
    """All images at once are held until a person says so; then they are missing, and can be dropped, once."""
    root = made.make_storage_dir()
    images = [made.put(root, seed) for seed in range(2)]
    made.look(root, hours_ago=2)
    for image_id in images:
        (root / "media" / f"{image_id}.png").unlink()
    made.look(root, hours_ago=1)
    assert run("sd", "show", "Notes", "--json").json["sd"]["state"] == "suspect"
    confirmed = run("sd", "confirm", "Notes", "--json").json
    assert (set(confirmed), confirmed["sd"]["state"]) == ({"sd"}, "online")
    assert run("scan", "--json").json["scans"][0]["missing"] == 2
    dropped = run("sd", "accept-missing", "Notes", "--json").json
    assert (set(dropped), dropped["sd"]["name"], dropped["dropped"]) == ({"sd", "dropped"}, "Notes", 2)
    assert run("sd", "accept-missing", "Notes").stdout == b"Notes: 0 missing images dropped\n"
    assert run("explain", images[0], "--json").json["verdict"] == "not-found"
