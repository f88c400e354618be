"""The pages of duplicates without scripts: counted, planned, moved once somebody is sure, and put back."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.forms import find_job, press
from builders.named_vault import put
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of, make_storage_dir
from strandline.model.changes import NamedFile
from strandline.model.image_ids import ImageId
from strandline.runtime.assembly import open_store
from strandline.web.pages.care import duplicates
from strandline.web.pages.care.frame import Page

SEA, TREE = (make_picture("jpg", seed=seed, size=(90, 60)) for seed in (1, 2))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A vault with a picture twice, which a note shows by one of its names; another folder has it, too."""
    root = tmp_path / "Vault"
    put(root, "Note.md", b"![](sea.jpg)")
    put(root, "sea.jpg", SEA)
    put(root, "old/copy &c.jpg", SEA)
    put(root, "tree.jpg", TREE)
    with open_store(tmp_path / "home") as store:
        store.add_storage_dir(root)
        store.add_storage_dir(make_storage_dir(tmp_path / "Notes", SEA))
        store.scan()
        assert store.find(id_of(SEA), "Notes"), "it is read, so it counts"
        with serving(store) as served:
            yield served


def read(text: str) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def show(served: Served, path: str) -> str:
    """The words of a page."""
    return read(served.client.get(path).text)


def post(served: Served, path: str, **fields: str) -> str:
    """The words of the page that a form leads to."""
    place = path if path.endswith("/fold") else "/care/duplicates"
    answer = press(served, served.client.get(place).text, path, **fields)
    assert answer.status_code == 200
    return read(answer.text)


def test_they_are_counted_planned_moved_and_put_back(served: Served, tmp_path: Path) -> None:
    """The copy that no note names goes; nothing moves before somebody says so."""
    copy = tmp_path / "Vault" / "old/copy &c.jpg"
    written = datetime(2022, 3, 4, 12, tzinfo=UTC).timestamp()
    os.utime(copy, (written, written))
    served.store.verify(older_than=timedelta(0))
    assert "1 file too many" in show(served, "/care")
    found = show(served, "/care/duplicates")
    assert "1 file has bytes that another file in the same folder has" in found
    assert "1 picture is in several folders, as backups of one another. They stay." in found
    assert "old/copy &amp;c.jpg" in found
    assert "Vault , of 4 March 2022" in found
    assert "1 file can go" in show(served, "/care/duplicates/fold")
    assert "1 file can go" in post(served, "/care/duplicates/fold")
    assert copy.exists()
    moved = post(served, "/care/duplicates/fold", sure="1")
    assert "1 file is in the trash." in moved
    assert "No picture is twice in one folder" in moved
    assert not copy.exists()
    assert "No picture is twice" in show(served, "/care")
    back = post(served, "/care/duplicates/undo")
    assert "is back in Vault" in back
    assert copy.read_bytes() == SEA
    assert "is back" not in post(served, "/care/duplicates/look")


def test_what_stays_has_a_reason(served: Served, tmp_path: Path) -> None:
    """The numbers of Care and of what can go are explained: files that a note names stay, each by its path."""
    vault = tmp_path / "Vault"
    put(vault, "tree 2.jpg", TREE)
    put(vault, "tree (conflicted copy 2026-11-22).jpg", TREE)
    put(vault, "More.md", b"![](tree.jpg) ![](<tree 2.jpg>) ![](<tree (conflicted copy 2026-11-22).jpg>)")
    served.store.scan()
    served.store.verify(older_than=timedelta(0))
    assert "3 files too many" in show(served, "/care")
    plan = show(served, "/care/duplicates/fold")
    assert "1 file of 3 files too many can go" in plan
    assert "2 files stay, and why" in plan
    assert "A note, drawing, or setting names them" in plan
    for said in ("tree.jpg", "tree 2.jpg", "tree (conflicted copy 2026-11-22).jpg (conflict copy)"):
        assert said in plan
    assert 'href="/care/conflicts"' in served.client.get("/care/duplicates/fold").text
    post(served, "/care/duplicates/fold", sure="1")
    plan = show(served, "/care/duplicates/fold")
    assert "Nothing can go 2 files are too many, and something names each of them." in plan


def test_a_reload_moves_nothing(served: Served) -> None:
    """A form leads to a page, so sending it again is another decision."""
    job = find_job(served.client.get("/care/duplicates/fold").text, "/care/duplicates/fold")
    for _ in range(2):
        answer = served.client.post("/care/duplicates/fold", data={"sure": "1", "job": job})
        assert (answer.status_code, answer.headers["location"]) == (303, "/care/duplicates")
        assert "1 file is in the trash" in show(served, "/care/duplicates")


def test_a_page_moves_only_what_it_shows(served: Served, tmp_path: Path) -> None:
    """A file that came since stays, and a page that is not the latest moves nothing and takes no undo away."""
    page = served.client.get("/care/duplicates/fold").text
    late = tmp_path / "Vault" / "plain/precious copy.jpg"
    put(tmp_path / "Vault", "plain/precious copy.jpg", SEA)
    served.store.scan()
    served.store.verify(older_than=timedelta(0))
    assert press(served, page, "/care/duplicates/fold", sure="1").status_code == 200
    assert late.exists()
    assert not (tmp_path / "Vault" / "old/copy &c.jpg").exists()
    old = served.client.get("/care/duplicates/fold").text
    served.app.backend.care.forget_looks()
    assert "1 file can go" in show(served, "/care/duplicates/fold")
    refused = press(served, old, "/care/duplicates/fold", sure="1")
    assert (refused.status_code, "Nothing was done" in refused.text) == (409, True)
    assert late.exists()
    assert "1 file is in the trash" in show(served, "/care/duplicates")


def test_what_was_not_read_is_named_and_nothing_can_go(served: Served, tmp_path: Path) -> None:
    """It may use any picture."""
    put(tmp_path / "Vault", "half.md", b"\0\0\0")
    plan = show(served, "/care/duplicates/fold")
    assert "Nothing can go now" in plan
    assert "half.md" in plan
    assert "Move 1 file" not in plan
    assert served.client.post("/care/duplicates/fold", data={"sure": "1"}).status_code == 409
    assert (tmp_path / "Vault" / "old/copy &c.jpg").exists()


def test_a_long_list_comes_page_by_page(
    served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Those that take the most space come first, and each page leads on."""
    put(tmp_path / "Vault", "tree 2.jpg", TREE)
    served.store.scan()
    monkeypatch.setattr(duplicates, "GROUPS_PER_PAGE", 1)
    first = served.client.get("/care/duplicates").text
    assert "1 to 1 of 2" in first
    assert 'href="/care/duplicates?from=1"' in first
    assert "2 to 2 of 2" in served.client.get("/care/duplicates?from=1").text
    assert "1 to 1 of 2" in served.client.get("/care/duplicates?from=99").text


def test_a_page_is_a_part_of_a_list() -> None:
    """Each row is on exactly one of them."""
    rows = list(range(7))
    seen: list[int] = []
    page = Page.of("/x", 0, len(rows), 3)
    while True:
        seen += page.cut(rows)
        if page.older is None:
            break
        page = Page.of("/x", int(page.older.rpartition("=")[2]), len(rows), 3)
    assert (seen, page.words, page.newer) == (rows, "7 to 7 of 7", "/x?from=3")
    assert Page.of("/x", 3, 7, 3).newer == "/x"


def test_an_undo_takes_only_what_the_change_moved(served: Served, tmp_path: Path) -> None:
    """Not what was deleted at the same place before."""
    copy = tmp_path / "Vault" / "old/copy &c.jpg"
    store = served.store
    vault = store.get_storage_dir("Vault")
    alone = NamedFile(vault, "old/copy &c.jpg", ImageId(id_of(SEA)))
    (before,) = store.delete(store.plan_delete([], files=[alone])).done
    copy.write_bytes(SEA)
    store.scan()
    store.verify(older_than=timedelta(0))
    post(served, "/care/duplicates/fold", sure="1")
    assert not copy.exists()
    post(served, "/care/duplicates/undo")
    assert copy.read_bytes() == SEA
    assert [entry.trash_id for entry in store.trash.list_entries()] == [before.trash_id]
