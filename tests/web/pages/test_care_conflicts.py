"""The page of conflict copies without scripts: both pictures, what resolves each, and the way back."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.forms import press
from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of, make_storage_dir, name_of, put_image
from strandline.runtime.assembly import open_store
from strandline.web.pages.care import conflicts

ONE, TWO, THREE = (make_picture("png", seed=seed) for seed in (1, 2, 3))
EQUAL = f"{id_of(ONE)} (1).png"
TRUE = f"{id_of(TWO)}.sync-conflict-20260101-101010-ABCDEFG.png"
OTHER = f"{id_of(ONE)} (Anna's conflicted copy 2026-11-20).png"
USED = "sea (Anna's conflicted copy 2026-11-20).png"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An equal copy, one with the right bytes of a bad file, one with other bytes, one of ``SD_ID``; and in a vault,
    one that a note uses.
    """
    root = make_storage_dir(tmp_path / "Notes", ONE)
    for name, data in ((EQUAL, ONE), (TRUE, TWO), (OTHER, THREE), (name_of(TWO), TWO[:99])):
        put_image(root, data, name)
    (root / "SD_ID (1)").write_text((root / "SD_ID").read_text())
    vault = tmp_path / "Vault"
    put(vault, "sea.png", THREE)
    put(vault, USED, THREE)
    put(vault, "Note.md", f"![[{USED}]]".encode())
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        store.add_storage_dir(vault)
        with serving(store) as served:
            yield served


def read(text: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def post(served: Served, path: str, /, **fields: str) -> str:
    """The words of the page that a form leads to."""
    answer = press(served, served.client.get("/care/conflicts").text, path, **fields)
    assert answer.status_code == 200
    return read(answer.text)


def test_each_is_shown_beside_its_file_with_what_resolves_it(served: Served) -> None:
    """Both pictures can be asked for. One that a note uses stays, and the page says which."""
    assert "5 conflict copies 4 can be resolved" in read(served.client.get("/care").text)
    text = served.client.get("/care/conflicts").text
    page = read(text)
    assert "5 conflict copies, 4 of which can be resolved" in page
    for said in (
        "It has the same bytes as the file that it is a copy of. The copy would go to the trash.",
        "It has the right bytes, and the file that it is a copy of is wrong. The file would get the copy’s bytes",
        "It has other bytes than its name promises. The copy’s bytes would be saved as an image of their own",
        "Its value is kept in SD_ID or in SD_ID.was-….",
        "Note.md:1 uses sea (Anna&#39;s conflicted copy 2026-11-20).png, so it stays",
    ):
        assert said in page
    assert text.count('action="/care/conflicts/resolve"') == 5  # one for each of the four, and one for all
    sources = [each.replace("&amp;", "&") for each in re.findall(r'<img src="([^"]+)"', text)]
    assert len(sources) == 8
    statuses = [served.client.get(each).status_code for each in sources]
    assert sorted(statuses) == [200] * 7 + [422], "half a picture is not drawn"


def test_one_is_resolved_and_comes_back(served: Served, tmp_path: Path) -> None:
    """Without a question: a button brings it back."""
    file = tmp_path / "Notes/media" / EQUAL
    done = post(served, "/care/conflicts/resolve", sd="Notes", path=f"media/{EQUAL}")
    assert "1 copy is in the trash." in done
    assert "4 conflict copies, 3 of which can be resolved" in done
    assert not file.exists()
    assert "is back in Notes" in post(served, "/care/conflicts/undo")
    assert file.read_bytes() == ONE


def test_all_are_resolved_once_somebody_is_sure(served: Served, tmp_path: Path) -> None:
    """The file has its bytes, and the other bytes are an image."""
    media = tmp_path / "Notes/media"
    assert "5 conflict copies" in post(served, "/care/conflicts/resolve")
    done = post(served, "/care/conflicts/resolve", sure="1")
    assert "1 file has the right bytes; 1 copy is an image of its own; 4 copies are in the trash." in done
    assert "1 conflict copy, none of which can be resolved now." in done
    assert (media / name_of(TWO)).read_bytes() == TWO
    assert (media / name_of(THREE)).read_bytes() == THREE
    assert not (tmp_path / "Notes/SD_ID (1)").exists()
    assert "4 files are back" in post(served, "/care/conflicts/undo")


def test_what_was_not_looked_at_is_said(served: Served, tmp_path: Path) -> None:
    """An empty list must not look like good news."""
    post(served, "/care/conflicts/resolve", sure="1")
    (tmp_path / "Vault").rename(tmp_path / "away")
    page = post(served, "/care/conflicts/look")
    assert "No conflict copy was found" in page
    assert "Vault was not looked at: it is offline" in page
    assert "That is so in the folders that could be looked at." in page
    assert "Vault was not looked at" in read(served.client.get("/care").text)


def test_a_long_list_comes_page_by_page(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pair is on one of the pages."""
    monkeypatch.setattr(conflicts, "PAIRS_PER_PAGE", 2)
    seen = [
        served.client.get(f"/care/conflicts?from={start}").text.count('class="care-pair"')
        for start in (0, 2, 4)
    ]
    assert seen == [2, 2, 1]


def test_a_folder_that_nobody_knows_is_refused(served: Served) -> None:
    """With a page that says so."""
    answer = served.client.post("/care/conflicts/resolve", data={"sd": "Nothing", "path": "x.png"})
    assert answer.status_code == 404
    gone = post(served, "/care/conflicts/resolve", sd="Notes", path="media/x.png")
    assert "Nothing was resolved" in gone
    assert "is not a conflict copy" in gone


def await_words(served: Served, path: str = "/care/conflicts", busy: str = "See whether it is done") -> str:
    """The words of a page once nothing is at work any more."""
    limit = time.monotonic() + 20
    while busy in (words := read(served.client.get(path).text)):
        assert time.monotonic() < limit, words
    return words


@pytest.mark.parametrize(
    ("keep", "said", "sea"),
    [
        ("file", "The file stays as it is.", ONE),
        ("copy", "The copy has the file’s name now.", TWO),
        ("both", "The copy is called sea, other version.png now.", ONE),
    ],
)
def test_of_two_different_pictures_a_person_chooses(tmp_path: Path, keep: str, said: str, sea: bytes) -> None:
    """Care says that one needs a person. Each choice is a button, and so is its undo."""
    copy = "sea (Anna's conflicted copy 2026-11-20).png"
    put(tmp_path / "Vault", "sea.png", ONE)
    put(tmp_path / "Vault", copy, TWO)
    put(tmp_path / "Vault", "Note.md", b"![[sea.png]]")
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(tmp_path / "Vault")
        with serving(store) as served:
            assert "1 needs you: there are two different pictures." in await_words(
                served, "/care", "Looking…"
            )
            assert "1 conflict copy, 1 needs your choice" in await_words(served)
            page = served.client.get("/care/conflicts").text
            assert page.count('action="/care/conflicts/choose"') == 3
            post(served, "/care/conflicts/choose", sd="Vault", path=copy, keep=keep)
            done = await_words(served)
            assert said in done
            assert (tmp_path / "Vault" / "sea.png").read_bytes() == sea
            assert "No conflict copy was found" in done
            post(served, "/care/conflicts/undo-choice")
            assert "1 needs your choice" in await_words(served)
            assert (tmp_path / "Vault" / "sea.png").read_bytes() == ONE
            assert (tmp_path / "Vault" / copy).read_bytes() == TWO
