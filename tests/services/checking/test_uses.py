"""Where an image is used: in which notes, at which lines, whatever it is called there."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.named_vault import put
from builders.storage import id_of, make_storage_dir, name_of
from builders.travel_vault import CASTLE, SOUP, TRAM, VIEW, make_travel_vault
from strandline import Store, open_store
from strandline.errors import InvalidImageIdError


def list_places(store: Store, data: bytes) -> list[tuple[str, str, int, str]]:
    """The storage directory, note, line, and picture of each use."""
    return [(use.sd.name, use.note, use.line, use.path) for use in store.find_uses(id_of(data))]


def test_each_reference_to_a_file_of_the_image_counts(tmp_path: Path) -> None:
    """In any form: links, encoded ones, HTML, and from another folder. A name in a text is not a reference."""
    vault = make_travel_vault(tmp_path / "Vault")
    put(vault, "a.md", b"castle.png\n\n![x](Trips/Lisbon/castle.png) ![[castle again.png]]\n")
    put(vault, "b.md", b"\n<img src='attachments/castle%20again.png'>\n")
    put(vault, "c.md", b"`![[castle.png]]`\n")
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(vault)
        assert list_places(store, CASTLE) == [
            ("Vault", "Trips/Lisbon.md", 5, "Trips/Lisbon/castle.png"),
            ("Vault", "a.md", 3, "Trips/Lisbon/castle.png"),
            ("Vault", "a.md", 3, "attachments/castle again.png"),
            ("Vault", "b.md", 2, "attachments/castle again.png"),
        ]
        assert list_places(store, SOUP) == [("Vault", "Food/Recipes.md", 3, "Food/soup.png")]
        assert store.find_uses(id_of(SOUP))[0].to_json()["target"] == "soup.png"


def test_a_folder_with_ids_has_notes_as_well(tmp_path: Path) -> None:
    """A file of another storage directory does not count for them."""
    root = make_storage_dir(tmp_path / "Ids", SOUP)
    put(root, "Note.md", f"![](media/{name_of(SOUP)})\n".encode())
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        assert list_places(store, SOUP) == [("Ids", "Note.md", 1, f"media/{name_of(SOUP)}")]
        store.add_storage_dir(make_travel_vault(tmp_path / "Vault"))
        assert [place[0] for place in list_places(store, SOUP)] == ["Ids", "Vault"]


def test_what_is_gone_or_away_is_used_nowhere(tmp_path: Path) -> None:
    """Nobody can tell what a note means then."""
    vault = make_travel_vault(tmp_path / "Vault")
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(vault)
        assert len(list_places(store, VIEW)) == 1
        assert list_places(store, TRAM) == []
        vault.rename(tmp_path / "Away")
        assert list_places(store, VIEW) == []
        with pytest.raises(InvalidImageIdError):
            store.find_uses("view.png")


def test_the_rules_of_the_tool_decide_without_a_sign_of_it(tmp_path: Path) -> None:
    """Most references here are wiki links, so a name means a file in any folder."""
    root = tmp_path / "Loose"
    put(root, "deep/in/x.png", SOUP)
    put(root, "a.md", b"![[x.png]]\n")
    put(root, "b.md", b"text\n\n![[x.png]] and ![[x.png|100]]\n")
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        assert [place[1:3] for place in list_places(store, SOUP)] == [("a.md", 1), ("b.md", 3), ("b.md", 3)]
