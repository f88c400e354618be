"""The page and the API of verifications: all bytes are read, damage is found, and healed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builders.forms import press
from builders.pictures import make_picture
from builders.served import Served, serving
from builders.storage import id_of, make_storage_dir, name_of, put_half
from strandline.model.verification import VerifyReport
from strandline.runtime.assembly import open_store
from strandline.web.pages.care.verification import HEALED, is_due, say_report
from strandline.web.verifications import VERIFICATION

SEA, TREE = (make_picture("jpg", seed=seed, size=(90, 60)) for seed in (1, 2))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Two storage directories with the same two images, all of them read."""
    with open_store(tmp_path / "home") as store:
        for name in ("Notes", "Backup"):
            store.add_storage_dir(make_storage_dir(tmp_path / name, SEA, TREE))
        store.verify(older_than=timedelta(0))
        with serving(store) as served:
            yield served


def read(served: Served, path: str = "/care/verification") -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", served.client.get(path).text).split())


def post(served: Served, act: str, **fields: str) -> str:
    """The words of the page that a form leads to."""
    page = served.client.get("/care/verification").text
    answer = press(served, page, f"/care/verification/{act}", **fields)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def damage(tmp_path: Path) -> Path:
    """A file has half of its bytes, without a scan."""
    path = tmp_path / "Notes" / "media" / name_of(SEA)
    path.write_bytes(SEA[:500])
    return path


def test_damage_is_found_and_healed(served: Served, tmp_path: Path) -> None:
    """From the overview: all is well until everything is read again. In the end the file is whole."""
    assert "All files were read within 30 days" in read(served, "/care")
    path = damage(tmp_path)
    page = post(served, "start", full="1")
    assert "4 files, all verified just now, 1 not as they should be" in page
    assert "still arriving" in page
    assert "Heal 1 file" in page
    post(served, "heal")
    job = served.app.backend.care.find(HEALED)
    assert job is not None
    assert job.ended.wait(20)
    healed = read(served)
    assert "1 file healed" in healed
    assert "Heal 1 file" not in healed
    assert path.read_bytes() == SEA
    assert len(served.store.trash.list_entries()) == 1
    assert "all verified just now; read" in post(served, "start", full="1")


def test_only_what_can_be_healed_is_offered(served: Served, tmp_path: Path) -> None:
    """The button counts it. A part of a picture that nobody has, and that nobody writes, is not called arriving."""
    damage(tmp_path)
    lost = make_picture("jpg", seed=3, size=(90, 60))
    half = tmp_path / "Notes" / "media" / put_half(tmp_path / "Notes", lost)
    written = datetime(2022, 3, 4, tzinfo=UTC).timestamp()
    os.utime(half, (written, written))
    page = post(served, "start", full="1")
    assert "not whole, unchanged since March 2022" in page
    assert "Of these 2 files, 1 can be healed. For the others, look through a backup" in page
    assert "Heal 1 file" in page
    post(served, "heal")
    job = served.app.backend.care.find(HEALED)
    assert job is not None
    assert job.ended.wait(20)
    healed = read(served)
    assert "It cannot be healed from what is on this machine" in healed
    assert "Heal 1 file" not in healed


def test_reading_is_the_main_thing_only_if_something_is_due(served: Served) -> None:
    """And the page says when the file was read that was not read for longest."""
    page = served.client.get("/care/verification").text
    assert "The longest ago:" in page
    assert 'class="button" id="start"' in page


def test_what_was_read_lately_is_not_read_again(served: Served) -> None:
    """As the button says: what is due."""
    assert "4 files, all verified within 30 days" in post(served, "start")


def test_it_is_followed_over_http(served: Served, tmp_path: Path) -> None:
    """Nothing at first; then it runs, and has a report."""
    assert served.get("/verification") == {"verification": None}
    damage(tmp_path)
    assert served.post("/verification", {"full": True, "sds": ["Notes"]}).status_code == 202
    job = served.app.backend.care.find(VERIFICATION)
    assert job is not None
    assert job.ended.wait(20)
    told = served.get("/verification")["verification"]
    assert (told["running"], told["error"], told["report"]["checked"]) == (False, None, 2)
    assert [row["image_id"] for row in told["report"]["findings"]] == [id_of(SEA)]
    assert served.client.delete("/api/v1/verification").status_code == 202
    assert served.post("/verification", {"sds": ["Nobody"]}).status_code == 404


def test_a_report_is_said_in_a_sentence() -> None:
    """Also one of a verification that was stopped."""
    stopped = VerifyReport(3, 3, 3000, 0, (), (), 0.5, is_complete=False)
    assert (
        say_report(stopped, is_full=True)
        == "3 files verified, and not all; begin it again to go on; read 3.0 kB"
    )


def test_what_is_due() -> None:
    """After 30 days."""
    now = datetime(2026, 11, 30, tzinfo=UTC)
    assert not is_due(now - timedelta(days=29), now)
    assert is_due(now - timedelta(days=31), now)


def test_a_named_file_that_may_be_arriving_waits_a_day(tmp_path: Path) -> None:
    """Older bytes do not replace what may be a new version, so no button promises it."""
    vault = tmp_path / "Vault"
    vault.mkdir()
    (vault / "sea.jpg").write_bytes(SEA)
    (vault / "Note.md").write_text("![[sea.jpg]]")
    with open_store(tmp_path / "home2") as store:
        store.add_storage_dir(vault)
        store.add_storage_dir(make_storage_dir(tmp_path / "Twin", SEA))
        store.verify(older_than=timedelta(0))
        (vault / "sea.jpg").write_bytes(SEA[:500])
        with serving(store) as served:
            page = post(served, "start", full="1")
            assert "1 file may be on its way in a new version, so it can be healed only after a day." in page
            assert ("Heal 1 file" in page, "look through a backup" in page) == (False, False)
