"""The inspector's page about notes: what they miss, by note and line, and the buttons that put pictures back."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served, serving, serving_storage_dir
from builders.storage import id_of, make_storage_dir
from builders.travel_vault import CASTLE, SOUP, VIEW, serving_travel_vault
from strandline import open_store
from strandline.services.checking.open_references import tell_references
from strandline.services.storage_dirs.manage import get_by_number

NOTES = "/inspect/Vault/notes"
LOST = "Trips/Lisbon/lost view.png"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A served vault."""
    with serving_travel_vault(tmp_path) as served:
        yield served


def draw(served: Served, address: str = NOTES) -> str:
    """A page as a person reads it, with its tags."""
    answer = served.client.get(address)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def put_back(served: Served, path: str = "") -> tuple[int, str]:
    """Presses the button of a missing picture, or that of all."""
    answer = served.client.post(f"{NOTES}/put-back", data={"path": path})
    return answer.status_code, html.unescape(answer.text)


def find_targets(page: str) -> list[str]:
    """What the findings are about, in order."""
    return re.findall(r'</span><bdi class="name">(.*?)</bdi>', page)


def test_a_renamed_folder_is_one_cause(tmp_path: Path) -> None:
    """It is told above all, and no button copies all of its pictures into a second folder."""
    root = tmp_path / "Vault"
    for number in range(6):
        put(root, f"old/p{number}.png", make_picture("png", seed=number))
    put(root, "Six.md", "".join(f"![](old/p{number}.png)\n" for number in range(6)).encode())
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        (root / "old").rename(root / "new")
        store.scan("Vault")
        with serving(store) as served:
            page = draw(served)
            assert "6 references to <bdi>old/</bdi></strong>: There is no such folder, and 6 pictures" in page
            assert 'id="put-back"' not in page
            assert put_back(served)[0] == 200
            assert not (root / "old").exists()
            assert put_back(served, "old/p1.png")[0] == 200
            assert [path.name for path in (root / "old").iterdir()] == ["p1.png"]


def test_one_picture_in_many_places_is_one_picture(served: Served, tmp_path: Path) -> None:
    """And what else was found is named by its kind."""
    root = tmp_path / "Vault"
    (root / "Food/More.md").write_text("![[never here.png]] ![](half.png)")
    (root / "Food/half.png").write_bytes(b"")
    page = draw(served)
    assert "3 references in the notes lead to no picture (2 pictures)" in page
    assert "3 notes with 6 references to pictures; 1 arriving." in page


def test_missing_pictures_are_listed_by_note_and_line(served: Served) -> None:
    """With what is known of each, and a link to the note. The page of the folder leads there."""
    assert f'href="{NOTES}"><svg' in draw(served, "/inspect/Vault")
    page = draw(served)
    assert "2 references in the notes lead to no picture" in page
    assert "2 notes with 4 references to pictures." in page
    assert find_targets(page) == ["never here.png", "lost view.png"]
    assert page.count("line 3</a>") == 2
    assert 'href="/inspect/Vault/file?path=Trips%2FLisbon.md&view=text"' in page
    assert "Never seen on this machine" in page
    assert "the same bytes are now at attachments/view.png; “Put back” copies that file back" in page
    assert page.count("<button") - page.count("Sign out") == 1
    assert 'events="image. reference. scan.finished"' in page


def test_put_back_mends_the_reference(served: Served, tmp_path: Path) -> None:
    """The picture is where the note expects it, and the page no longer lists it. The note is untouched."""
    note = (tmp_path / "Vault/Trips/Lisbon.md").read_bytes()
    status, page = put_back(served, LOST)
    assert status == 200
    assert f"'{LOST}' is back." in page
    assert find_targets(page) == ["never here.png"]
    assert (tmp_path / "Vault" / LOST).read_bytes() == VIEW
    assert (tmp_path / "Vault/Trips/Lisbon.md").read_bytes() == note
    assert "Nothing was put back" in put_back(served, LOST)[1]


def test_a_source_in_another_folder_is_named_and_asked_for_one_by_one(served: Served, tmp_path: Path) -> None:
    """The button for all leaves it out."""
    served.store.add_storage_dir(make_storage_dir(tmp_path / "Other", VIEW))
    served.store.scan("Other")
    served.store.get(id_of(VIEW), "Other")
    (tmp_path / "Vault/attachments/view.png").unlink()
    served.store.scan("Vault")
    assert "in <bdi>Other</bdi></span>" in draw(served)
    assert "Nothing was put back" in put_back(served)[1]
    assert f"'{LOST}' is back." in put_back(served, LOST)[1]


def test_several_are_put_back_at_once(served: Served, tmp_path: Path) -> None:
    """If their bytes are in the folder."""
    put(tmp_path / "Vault", "attachments/broth.png", SOUP)
    served.store.scan("Vault")
    (tmp_path / "Vault/Food/soup.png").unlink()
    served.store.scan("Vault")
    assert "Put 2 pictures back</button>" in draw(served)
    page = put_back(served)[1]
    assert f"'{LOST}' is back." in page
    assert "'Food/soup.png' is back." in page


def test_a_picture_that_was_moved_can_be_put_back(tmp_path: Path) -> None:
    """Among plain Markdown, a file of that name elsewhere is not found by the note, so it is *misplaced*."""
    root = tmp_path / "Vault"
    put(root, "Trip.md", b"![](img/view.png)")
    put(root, "img/view.png", VIEW)
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        (root / "assets").mkdir()
        (root / "img/view.png").rename(root / "assets/view.png")
        store.scan("Vault")
        with serving(store) as served:
            page = draw(served)
            assert "misplaced</span>" in page
            assert "1 reference in the notes leads to no picture" in page
            assert 'name="path" value="img/view.png"' in page
            assert "'img/view.png' is back." in put_back(served, "img/view.png")[1]
            assert "Every picture is where the notes expect it" in draw(served)


def test_what_nobody_can_read_or_write_says_so(served: Served, tmp_path: Path) -> None:
    """Without buttons that would not work, and with the error's status."""
    vault = tmp_path / "Vault"
    vault.rename(tmp_path / "Away")
    page = draw(served)
    assert "nobody can tell which pictures are missing" in page
    assert "Put back" not in page
    assert put_back(served, LOST)[0] == 503
    assert served.client.get("/inspect/Nobody/notes").status_code == 404


def test_a_folder_with_ids_has_notes_as_well(tmp_path: Path) -> None:
    """What was where is not known there."""
    with serving_storage_dir(tmp_path, CASTLE) as served:
        page = draw(served, "/inspect/Notes/notes")
        assert "The notes refer to no picture" in page
        (tmp_path / "Notes/a.md").write_text("![](gone.png)\n")
        page = draw(served, "/inspect/Notes/notes")
        assert "1 reference in the notes leads to no picture" in page
        assert "Put back" not in page


def test_the_page_of_an_image_leads_to_the_notes_that_use_it(served: Served) -> None:
    """With their lines. A script fetches the same part."""
    address = f"/image/{id_of(CASTLE)}"
    assert f'<later-part address="{address}/uses" part="uses">' in draw(served, address)
    page = draw(served, f"{address}/uses")
    assert '<section class="stack" id="uses"' in page
    assert re.search(
        r"Trips/Lisbon.md</bdi></a>\s*<span class=\"small quiet\">line <a href=\"[^\"]+\">5</a></span>", page
    )
    (address,) = re.findall(r"line <a href=\"([^\"]+)\">5", page)
    assert '<mark id="line">![the castle](Lisbon/castle.png)</mark>' in draw(served, address)
    assert "No note in the folders that have it" in draw(served, f"/image/{id_of(VIEW)}/uses")
    assert served.client.get(f"/image/{'0' * 32}/uses").status_code == 404


def test_the_folder_says_what_its_notes_miss(served: Served) -> None:
    """Without a look at the disk, as the last check by a watcher left it."""
    assert "Notes miss" not in draw(served, "/inspect/Vault")
    tell_references(served.store.bench, get_by_number(served.store.bench, 1))
    assert f'<a href="{NOTES}">Notes miss 2 pictures</a>' in draw(served, "/inspect/Vault")


def test_what_notes_miss_looks_the_same_everywhere(served: Served) -> None:
    """The same icon and the same color for the same fact."""
    tell_references(served.store.bench, get_by_number(served.store.bench, 1))
    shown = [draw(served, path) for path in ("/folders", "/inspect", "/inspect/Vault")]
    lines = {text.partition('<p class="missed">')[2].partition("</p>")[0] for text in shown}
    assert len(lines) == 1
    assert "Notes miss 2 pictures" in lines.pop()


def test_nothing_is_well_while_notes_miss_pictures(served: Served) -> None:
    """On no page. Each leads to the notes, and all count alike: each picture once for each note."""
    (Path(get_by_number(served.store.bench, 1).path) / "Food/Recipes.md").write_text(
        "![[never.png]] ![[never.png]]"
    )
    assert "2 references in the notes lead to no picture" in draw(served)
    for page in ("/inspect", "/inspect/Vault"):
        said = draw(served, page)
        assert "2 references in the notes of Vault lead to no picture" in said
        assert f'<a href="{NOTES}">Notes miss 2 pictures</a>' in said
        assert "No cause for alarm" not in said
    folders = draw(served, "/folders")
    assert f'<a href="{NOTES}">Notes miss 2 pictures</a>' in folders
    assert "up to date" not in folders


def test_what_was_put_back_is_not_missed_on_any_page(served: Served) -> None:
    """Nobody waits for the next check by a watcher. Nor after a look at the notes."""
    tell_references(served.store.bench, get_by_number(served.store.bench, 1))
    put_back(served, LOST)
    assert f'<a href="{NOTES}">Notes miss 1 picture</a>' in draw(served, "/inspect/Vault")
    (Path(get_by_number(served.store.bench, 1).path) / "Food/soup.png").unlink()
    draw(served)
    assert f'<a href="{NOTES}">Notes miss 2 pictures</a>' in draw(served, "/inspect/Vault")
    news = served.store.journal.list_newest(types=["reference.missing", "reference.resolved"], limit=9)
    assert [event.type for event in news] == ["reference.missing", "reference.resolved"]
