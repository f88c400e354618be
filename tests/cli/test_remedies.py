"""What commands advise: it works as printed, and is offered only where it does."""

from __future__ import annotations

from builders.command_home import CommandHome
from builders.pictures import make_picture
from builders.program import run


def test_one_refusal_of_a_folder_is_enough(made: CommandHome) -> None:
    """A folder that must not be written to refuses once, however many images were to be saved there."""
    root = made.folder / "Read me"
    (root / "media").mkdir(parents=True)
    run("sd", "add", root, "--read-only")
    photos = made.folder / "photos"
    photos.mkdir()
    for seed in range(5):
        (photos / f"{seed}.png").write_bytes(make_picture("png", seed=seed))
    refused = run("save", "-r", photos, "--json")
    assert refused.status == 5
    assert [failed["code"] for failed in refused.json["failed"]] == ["sd-read-only"]
    assert refused.json["not_tried"] == 4
    (line, *_) = refused.stderr.splitlines()
    assert "`strandline sd forget 'Read me'`" in line
    assert "4 not tried" in run("save", "-r", photos).stderr


def test_pictures_elsewhere_are_hinted_at_in_words_that_work(made: CommandHome) -> None:
    """The command is quoted, and is not offered for a folder that is never written to."""
    for name, option in (("My Vault", []), ("Archive only", ["--read-only"])):
        (made.folder / name).mkdir(parents=True)
        (made.folder / name / "a.png").write_bytes(make_picture("png"))
        said = run("sd", "add", made.folder / name, *option).stderr
        assert (f"`strandline save -r '{made.folder}/My Vault' --sd 'My Vault'`" in said) == (not option)
        assert "save" not in said or not option
