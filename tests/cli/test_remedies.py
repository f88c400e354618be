"""What commands advise: it works as printed, and is offered only where it does."""

from __future__ import annotations

import shutil

import pytest

from builders.command_home import CommandHome
from builders.pictures import make_picture
from builders.program import run
from fault_kit.traced import trace_calls


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
        said = run("sd", "add", made.folder / name, "--layout", "ids", *option).stderr
        assert (f"`strandline save -r '{made.folder}/My Vault' --sd 'My Vault'`" in said) == (not option)
        assert "save" not in said or not option


def test_a_file_named_after_another_type_is_told(made: CommandHome) -> None:
    """``get -o c.jpg`` writes what the image is, and says that the name is that of another type."""
    root = made.make_storage_dir(is_added=False)
    image_id = made.put(root)
    made.look(root)
    for name, is_told in (("c.jpg", True), ("c.PNG", False), ("c", False)):
        said = run("get", image_id, "-o", made.folder / name).stderr
        assert ("has the name of another type: it is image/png" in said) == is_told


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_completion_looks_into_no_storage_directory(made: CommandHome) -> None:
    """A shell asks at each press of a key, and a share may hang: names come from the catalog alone."""
    root = made.make_storage_dir("My Vault")
    code = (
        "from strandline.cli.main import main\n"
        "os.environ.update(_STRANDLINE_COMPLETE='bash_complete', COMP_WORDS='strandline scan M', COMP_CWORD='2')\n"
        "os.environ['STRANDLINE_HOME'] = sys.argv[1]\n"
        "begin()\nmain([])\nend()"
    )
    calls = trace_calls(code, made.home, calls="%file")
    assert any(str(made.home) in call for call in calls), "the catalog was asked"
    assert [call for call in calls if str(root) in call] == []
