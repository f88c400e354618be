"""Copying, moving, and exporting without scripts: each question is a page, and so is each answer."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of, make_storage_dir, name_of
from strandline.runtime.assembly import open_store
from strandline.web.pages import export_pages

ONE, TWO, THREE = (make_picture("jpg", seed=seed) for seed in (1, 2, 3))
ID, OTHER_ID, THIRD_ID = id_of(ONE), id_of(TWO), id_of(THREE)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """``Notes`` with two images, of which a note uses one; ``More`` with one of them, and ``Last`` with another."""
    root = make_storage_dir(tmp_path / "Notes", ONE, TWO)
    (root / "sea <b>.md").write_text(f"![](media/{name_of(ONE)})\n")
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        store.add_storage_dir(make_storage_dir(tmp_path / "More", TWO))
        store.add_storage_dir(make_storage_dir(tmp_path / "Last", THREE))
        store.scan()
        with serving(store) as served:
            yield served


def read(text: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def post(served: Served, path: str, **fields: str) -> tuple[int, str]:
    """The status and the words of the page that answers a form. ``source`` is the field ``from``."""
    fields = {("from" if name == "source" else name): value for name, value in fields.items()}
    answer = served.client.post(path, data=fields)
    return answer.status_code, read(answer.text)


def list_there(root: Path) -> set[str]:
    """The names in its media folder."""
    return {path.name for path in (root / "media").iterdir()}


def test_images_are_copied(served: Served, tmp_path: Path) -> None:
    """The question says how many are there already. The answer says it again, and where they are."""
    status, words = post(served, "/copy", images=f"{ID} {OTHER_ID}")
    assert (status, "Copy 2 images to which folder?" in words) == (200, True)
    assert "More 1 is there already" in words
    assert "Notes all are there already" in words
    assert list_there(tmp_path / "More") == {name_of(TWO)}
    status, words = post(served, "/copy/confirmed", images=f"{ID} {OTHER_ID}", to="More")
    assert (status, "2 images are in More. 1 was there already." in words) == (200, True)
    assert list_there(tmp_path / "More") == {name_of(ONE), name_of(TWO)}


def test_a_folder_that_only_is_read_is_no_choice(served: Served) -> None:
    """Nor is one that is offline."""
    store = served.store
    root = Path(store.get_storage_dir("Last").path)
    root.rename(root.with_name("Away"))
    store.refresh_storage_dirs()
    words = post(served, "/copy", images=ID)[1]
    assert ("More" in words, "Last" in words) == (True, False)


def test_an_image_is_moved_and_notes_are_named_before(served: Served, tmp_path: Path) -> None:
    """It stays as long as a note uses it and nobody insists."""
    assert "Next, you see which notes use it" in post(served, "/move", images=ID)[1]
    words = post(served, "/move", images=ID, to="More")[1]
    for said in ("Move this image to More ?", "1 note uses it", "sea &lt;b&gt;.md", "Move it all the same"):
        assert said in words, said
    status, words = post(served, "/move/confirmed", images=ID, to="More")
    assert (status, "Nothing was moved" in words, (tmp_path / "More/media" / name_of(ONE)).exists()) == (
        409,
        True,
        False,
    )
    status, words = post(served, "/move/confirmed", images=ID, to="More", confirm="1")
    assert (status, "1 image is in More." in words, "trash of this machine" in words) == (200, True, True)
    assert (list_there(tmp_path / "Notes"), list_there(tmp_path / "More")) == (
        {name_of(TWO)},
        {name_of(ONE), name_of(TWO)},
    )


def test_from_which_folder_is_asked(served: Served, tmp_path: Path) -> None:
    """If an image is in several. Files in the others stay."""
    words = post(served, "/move", images=OTHER_ID, to="Last")[1]
    assert "Move from which folder?" in words
    assert "in several folders besides Last" in words
    assert "Move from which folder?" in post(served, "/move/confirmed", images=OTHER_ID, to="Last")[1]
    words = post(served, "/move", images=OTHER_ID, to="Last", source="More")[1]
    assert "from More" in words
    assert "No note in this folder uses it." in words
    assert post(served, "/move/confirmed", images=OTHER_ID, to="Last", source="More")[0] == 200
    assert (list_there(tmp_path / "More"), list_there(tmp_path / "Last")) == (
        set(),
        {name_of(TWO), name_of(THREE)},
    )
    assert list_there(tmp_path / "Notes") == {name_of(ONE), name_of(TWO)}


def test_what_cannot_be_moved_is_said(served: Served) -> None:
    """It is there already, or is no image here."""
    assert "It is in Last already." in post(served, "/move", images=THIRD_ID, to="Last")[1]
    assert "cannot be moved" in post(served, "/move", images="0" * 32, to="Last")[1]
    status, words = post(served, "/move/confirmed", images=THIRD_ID, to="Last")
    assert (status, "All of it is in Last already." in words) == (200, True)


@pytest.mark.parametrize("path", ["/copy", "/copy/confirmed", "/move", "/move/confirmed", "/export"])
def test_no_form_of_ours_is_a_page_that_says_so(served: Served, path: str) -> None:
    """Ids that are none, and folders that do not exist."""
    assert post(served, path, images="x", to="More")[0] == 422
    if path.endswith("confirmed"):
        assert post(served, path, images=ID)[0] == 422
        assert post(served, path, images=ID, to="Nowhere")[0] == 404


def test_the_size_of_an_export_is_said_before(served: Served) -> None:
    """Of chosen images, or of all that a gallery shows."""
    kilobytes = f"{(len(ONE) + len(TWO)) / 1000:.1f} kB"
    status, words = post(served, "/export", images=f"{ID} {OTHER_ID}")
    assert (status, f"{kilobytes} , in one ZIP archive" in words) == (200, True)
    for address, said in (
        ("/export", "Download 3 images?"),
        ("/export?sd=Notes", "Notes : "),
        ("/export?sd=Notes&type=jpg", "Notes , as the filters show it: "),
        ("/export?q=nothing", "Nothing to export"),
    ):
        answer = served.client.get(address)
        assert (answer.status_code, said in read(answer.text)) == (200, True), address
    assert served.client.get("/export?month=x").status_code == 422


def test_the_size_of_very_many_images_is_not_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their number is said all the same."""
    monkeypatch.setattr(export_pages, "MOST_MEASURED", 2)
    words = read(served.client.get("/export").text)
    assert "Download 3 images?" in words
    assert "more than can be added up while you wait" in words
    assert "kB" not in words


def test_an_archive_is_downloaded(served: Served) -> None:
    """By a form alone."""

    def count(address: str, **fields: str) -> int:
        answer = served.client.post(address, data=fields)
        assert answer.headers["content-disposition"] == 'attachment; filename="strandline-export.zip"'
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            return sum(name.startswith("images/") for name in archive.namelist())

    assert count("/export/archive", images=f"{ID} {OTHER_ID}") == 2
    assert count("/export/archive?sd=Last") == 1
    assert served.client.post("/export/archive?q=nothing").status_code == 404
