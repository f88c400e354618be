"""The first card of the page Care: pictures that notes miss, and the way to them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import Served, serving
from strandline.runtime.assembly import open_store


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A vault whose notes nobody has looked at. One picture is missing, and one was moved."""
    vault = tmp_path / "Vault"
    vault.mkdir()
    (vault / "old.png").write_bytes(make_picture("png", seed=1))
    (vault / "gone.png").write_bytes(make_picture("png", seed=2))
    (vault / "Note.md").write_text("![[old.png]]\n![a](gone.png)\n![b](lost.png)\n![c](OLD.png)\n")
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(vault)
        store.verify()
        (vault / "gone.png").rename(vault / "elsewhere.png")
        store.verify()
        with serving(store) as served:
            yield served


def read(served: Served, path: str) -> str:
    """The words of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", served.client.get(path).text)).split())


def test_what_notes_miss_comes_first(served: Served) -> None:
    """Until somebody looks, nothing is claimed. Then the card has the number, and its page leads to the notes."""
    assert "It is not known what the notes miss" in read(served, "/care")
    assert "Its notes were not looked at yet" in read(served, "/care/notes")
    served.client.get("/inspect/Vault/notes")
    served.app.backend.care.forget_looks()
    care = served.client.get("/care").text
    assert care.index('href="/care/notes"') < care.index('href="/care/verification"')
    assert "Notes miss 2 pictures" in read(served, "/care")
    page = served.client.get("/care/notes").text
    assert ("Notes miss 2 pictures" in page, 'href="/inspect/Vault/notes"' in page) == (True, True)


def test_remarks_are_behind_what_is_missing(served: Served) -> None:
    """Folded, with their number. What can be put back is shown as a picture."""
    page = served.client.get("/inspect/Vault/notes").text
    assert page.index("lost.png") < page.index("Other remarks: 1 not portable") < page.index("OLD.png")
    assert re.search(r'<img src="/api/v1/inspect/Vault/raw\?path=elsewhere.png&amp;w=400"', page)
    assert page.index('id="others"') > page.index("Put back")
