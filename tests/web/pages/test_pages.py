"""Pages from the server: complete without scripts, harmless whatever the names, and honest about errors."""

from __future__ import annotations

import html
import os
import re
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from builders.pictures import make_picture
from builders.served import Served, serving, serving_storage_dir
from builders.storage import id_of, make_pictures, make_storage_dir, name_of, put_half, put_image
from strandline.model import states
from strandline.model.events import ImageAvailable
from strandline.model.image_files import FileState
from strandline.model.state_words import MEANINGS
from strandline.runtime.assembly import open_store
from strandline.services.inspecting import browse
from strandline.web.pages.help_pages import KEYS

IMAGES = make_pictures(2)
PLACES = (
    "/", f"/image/{id_of(IMAGES[0])}", "/folders", "/inspect", "/inspect/Notes", "/inspect/Notes/tree?folder=media",
    f"/inspect/Notes/file?path=media/{name_of(IMAGES[0])}", "/inspect/Notes/file?path=SD_ID", "/activity",
    "/help", "/api", "/image/nothing",
)  # fmt: skip
"""An address of each kind of page."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A served home with two images in ``Notes``."""
    with serving_storage_dir(tmp_path, *IMAGES) as served:
        yield served


def root_of(served: Served) -> Path:
    """The path of the storage directory."""
    return Path(served.store.list_storage_dirs()[0].path)


def test_every_page_runs_no_script_but_ours(served: Served) -> None:
    """No page contains an inline script or style, and its policy would block them."""
    for place in PLACES:
        answer = served.client.get(place)
        assert answer.status_code == (422 if place == "/image/nothing" else 200)
        assert "<h1" in answer.text
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        scripts = re.findall(r"<script(?![^>]*(?:src=|application/json))", answer.text)
        assert scripts == []
        assert re.search(r"\sstyle=|\son\w+=|<style", answer.text) is None
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_pages_decide_no_identity(served: Served) -> None:
    """While identity files change, a page neither waits nor writes: that is the watcher's work."""
    root, slept = root_of(served), list[float]()
    (root / "SD_ID").rename(root / "SD_ID.conflict1")
    served.store.bench.sleep = slept.append
    for place in ("/", "/activity", "/folders", "/api/v1/sds", "/api/v1/sds/Notes"):
        assert served.client.get(place).status_code == 200
    assert slept == []
    assert not (root / "SD_ID").exists()


def test_nothing_comes_from_elsewhere() -> None:
    """Templates, styles, and modules contain no address of another host, except the SVG namespace."""
    web = Path(__file__).parents[3] / "src/strandline/web"
    for path in (*web.rglob("templates/*"), *web.rglob("static/**/*.*")):
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert re.search(r"https?:|//[a-z]+\.", text) is None, path


def test_names_from_a_storage_directory_are_text_on_every_page(served: Served) -> None:
    """HTML, control characters, direction marks, and bytes that are not UTF-8 are shown, never obeyed, and cause
    no error.
    """
    root = root_of(served)
    names = ["<script>alert(1)<script>.txt", "<img src=x onerror=alert(1)>.png", "a\x1b[31m\u202eb.txt"]
    for name in names:
        put_image(root, b"x", name)
    fd = os.open(os.fsencode(root / "media") + b"/caf\xe9.txt", os.O_CREAT)
    os.close(fd)
    saved = served.store.save(make_picture("png", seed=9), sd="Notes", name="<b onclick=x>\u202e.png")
    served.store.rename_storage_dir("Notes", "<i>Notes<i> & Co")
    sd_id = str(served.store.list_storage_dirs()[0].sd_id)
    strays = ("&lt;script&gt;alert", "&lt;img src=x", "caf")
    for place, shown in (
        ("/", ("&lt;b onclick",)),
        (f"/image/{saved.image_id}", ("&lt;b onclick", "&lt;i&gt;Notes")),
        ("/folders", ("&lt;i&gt;Notes",)),
        ("/inspect", ("&lt;i&gt;Notes",)),
        (f"/inspect/{sd_id}", ("&lt;i&gt;Notes", *strays)),
        (f"/inspect/{sd_id}/tree?folder=media", strays),
        ("/activity", ("&lt;i&gt;Notes",)),
    ):
        answer = served.client.get(place)
        assert answer.status_code == 200, place
        for text in shown:
            assert text in answer.text, (place, text)
        for dangerous in ("<script>alert", "<img src=x", "<b onclick", "<i>Notes", "\x1b", "\u202e"):
            assert dangerous not in answer.text, (place, dangerous)


@pytest.mark.parametrize(
    ("place", "status", "word"),
    [
        ("/image/nothing", 422, "is not an image id"),
        ("/inspect/Nowhere", 404, "Nowhere"),
        ("/?sd=Nowhere", 404, "Nowhere"),
        ("/?state=happy", 422, "state"),
        ("/?from=yesterday", 422, "is not a day"),
        ("/inspect/Notes/file?path=../../etc/passwd", 422, "is not a path inside"),
        ("/inspect/Notes/file?path=media/none.png", 404, "none.png"),
        ("/inspect/Notes/tree?folder=..", 422, "not as the page made it"),
        ("/activity?before=-1", 422, "not as the page made it"),
    ],
)
def test_an_error_is_a_page(served: Served, place: str, status: int, word: str) -> None:
    """With its status, its message, and a link, and without a stack trace."""
    answer = served.client.get(place)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert "<h1>" in answer.text
    assert word in answer.text.partition("<h1>")[2]
    assert 'href="/">Go to the gallery' in answer.text
    assert "Traceback" not in answer.text


def test_an_image_that_nobody_has_is_a_page_that_says_so(served: Served) -> None:
    """404, with the places that were searched."""
    answer = served.client.get("/image/" + "0" * 32)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    body = answer.text.partition("<h1>")[2]
    assert "0" * 32 in body
    assert "Notes" in body


def test_a_file_of_a_time_that_no_calendar_has_is_shown(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other machines send any time, and some disks store it, although most test machines' disks do not."""

    def refuse(_at: datetime) -> str:
        raise OverflowError

    monkeypatch.setattr(browse, "format_time", refuse)
    answer = served.client.get("/inspect/Notes/file?path=SD_ID")
    assert answer.status_code == 200
    assert "at an impossible time" in answer.text


def test_the_image_page_says_why_it_is_not_shown(served: Served) -> None:
    """For half an image: how much is here, where, and what happens next."""
    data = make_picture("png", seed=7)
    put_half(root_of(served), data)
    text = served.client.get(f"/image/{id_of(data)}").text
    assert "This image is still arriving in &#39;Notes&#39;." in text
    assert name_of(data) in text
    assert "let the sync client finish" in text


def test_an_incomplete_image_is_shown_and_called_so(served: Served) -> None:
    """It has the bytes of its id, but they are no whole picture: the tile and the list of files say so."""
    data = make_picture("jpg", seed=7)
    saved = served.store.save(data[: len(data) // 2], sd="Notes")
    tile = re.search(
        rf'<li class="tile" data-id="{saved.image_id}" data-state="partial">.*', served.client.get("/").text
    )
    assert tile is not None
    assert "incomplete</span>" in tile[0]
    assert f'src="/i/{saved.image_id}"' in tile[0]
    assert "incomplete</span>" in served.client.get("/inspect/Notes/tree?folder=media").text
    listed = served.client.get("/?state=incomplete").text
    assert '<option value="incomplete" selected>incomplete</option>' in listed
    assert re.findall(r'<li class="tile" data-id="(\w+)"', listed.partition("<template")[0]) == [
        saved.image_id
    ]
    assert '<div class="verdict bad">' in served.client.get(f"/image/{saved.image_id}").text


def test_a_folder_that_lost_too_much_is_told_everywhere(served: Served) -> None:
    """Above the gallery, on its tiles, and on the page of each image, which leads to the button that it names."""
    for data in IMAGES:
        (root_of(served) / "media" / name_of(data)).unlink()
    served.store.scan()
    text = served.client.get("/").text
    assert "<bdi>Notes</bdi> needs a look.</strong>" in text
    assert "Too many of its images are gone at once" in text
    assert text.count("not seen lately</span>") == len(IMAGES)
    assert "/i/" not in text.split('id="first-screen"')[0]
    text = served.client.get(f"/image/{id_of(IMAGES[0])}").text
    number = served.store.get_storage_dir("Notes").number
    assert f'<a href="/folders#sd-{number}">“Confirm” is on the Folders page</a>' in text


def test_a_picture_from_a_conflict_copy_is_shown_and_called_so(served: Served) -> None:
    """On its tile as on its page, and never as still arriving, which its own file is."""
    data = make_picture("png", seed=7)
    put_half(root_of(served), data)
    put_image(root_of(served), data, f"{id_of(data)} (Anna's conflicted copy 2026-11-20).png")
    served.store.scan()
    tile = re.search(
        rf'<li class="tile" data-id="{id_of(data)}" data-state="copy">.*', served.client.get("/").text
    )
    assert tile is not None
    assert "from a conflict copy</span>" in tile[0]
    assert served.client.get(f"/i/{id_of(data)}?w=400").status_code == 200
    text = served.client.get(f"/image/{id_of(data)}").text
    assert "This image is shown from a conflict copy in &#39;Notes&#39;" in text
    assert f'<img src="/i/{id_of(data)}"' in text


def test_the_inspector_tells_of_an_image_that_only_a_conflict_copy_has(served: Served) -> None:
    """Its own file never came; what is shown meanwhile stands beside it."""
    data = make_picture("png", seed=7)
    put_image(root_of(served), data, f"{id_of(data)} (Anna's conflicted copy 2026-11-20).png")
    served.store.scan()
    answer = served.client.get("/inspect/Notes")
    assert answer.status_code == 200
    assert "shown from a conflict copy" in answer.text


def test_another_image_is_shown_before_anybody_decides(served: Served) -> None:
    """Type, pixels, and preview are those of the bytes that are there now, not of those before."""
    data, other = make_picture("jpg", seed=7, size=(90, 60)), make_picture("png", seed=8, size=(64, 75))
    name = put_image(root_of(served), data)
    served.store.get(id_of(data)).close()
    put_image(root_of(served), other, name)
    os.utime(root_of(served) / "media" / name, (1, 1))
    served.store.find(id_of(data))
    served.store.bench.sleep(states.QUIET.total_seconds() + 0.1)
    text = served.client.get(f"/image/{id_of(data)}").text
    assert "another image</span>" in text
    assert "PNG, 64 × 75, " in text
    assert "90 × 60" not in text
    found = re.search(r'<img class="other-image" src="([^"]+)"', text)
    assert found is not None
    preview = served.client.get(found[1].replace("&amp;", "&"))
    assert (preview.status_code, preview.headers["content-type"]) == (200, "image/webp")


def test_help_needs_no_scripts(served: Served) -> None:
    """Each page leads to it. It explains the words of tiles, and the handbook has the same table."""
    assert '<a class="button button-plain" href="/help"' in served.client.get("/folders").text
    text = html.unescape(served.client.get("/help").text)
    handbook = (Path(__file__).parents[3] / "docs/howto/gallery.md").read_text()
    for said, meaning in MEANINGS:
        assert said.word in text
        assert meaning[1:] in text
        assert f"| {said.word} | {meaning} |" in handbook
    for key, what in KEYS:
        assert key in text
        assert what in text


def test_the_gallery_without_scripts_leads_to_the_oldest_image(tmp_path: Path) -> None:
    """Page by page, through its own links, with every image once."""
    images = make_pictures(130)
    with serving_storage_dir(tmp_path, *images) as served:
        seen, place = [], "/"
        while place:
            answer = served.client.get(place)
            assert answer.status_code == 200, answer.text
            text = answer.text
            seen += re.findall(r'<li class="tile[^>]*data-id="(\w+)"', text.split("<template")[0])
            older = re.search(r'href="(/\?[^"]*after=[^"]*)"', text)
            place = older[1].replace("&amp;", "&") if older else ""
    assert sorted(seen) == sorted(id_of(data) for data in images)


def test_forms_work_without_scripts(served: Served, tmp_path: Path) -> None:
    """Add, rename, scan, and forget: each is answered by the page with the result."""
    travel = make_storage_dir(tmp_path / "Travel", make_picture("gif", seed=4))
    post = served.client.post
    assert (
        "Travel was added with the identity in the folder."
        in post("/folders", data={"path": str(travel)}).text
    )
    assert "Travel is called Journeys now." in post("/folders/Travel/rename", data={"name": "Journeys"}).text
    put_image(travel, make_picture("gif", seed=5))
    assert post("/folders/Journeys/scan").status_code == 303
    until = time.monotonic() + 30
    while [sd["images"] for sd in served.get("/sds")["sds"] if sd["name"] == "Journeys"] != [2]:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert "tick the box" in post("/folders/Journeys/forget").text
    assert "Journeys is forgotten." in post("/folders/Journeys/forget", data={"sure": "1"}).text
    refused = post("/folders", data={"path": "/nowhere/at/all"})
    assert refused.status_code == 404
    assert "/nowhere/at/all" in refused.text


def test_a_form_of_another_site_is_refused(served: Served) -> None:
    """Another site must not be able to remove folders here."""
    answer = served.client.post(
        "/folders/Notes/forget", data={"sure": "1"}, headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert len(served.store.list_storage_dirs()) == 1


def test_modules_are_never_stale(served: Served) -> None:
    """A browser always asks, so it gets the new ones after an update. Until then the answer is 304."""
    first = served.client.get("/static/js/gallery.js")
    assert first.headers["cache-control"] == "no-cache"
    assert "javascript" in first.headers["content-type"]
    again = served.client.get("/static/js/gallery.js", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "place",
    [
        "../pages.py",
        "js/../../pages.py",
        "%2e%2e/pages.py",
        "..%2fpages.py",
        "/etc/passwd",
        "js",
        "%00",
        "\\..\\x",
    ],
)
def test_nothing_but_modules_and_styles_is_static(served: Served, place: str) -> None:
    """No path leads out of their folder. The address is sent as written, not normalized."""
    url = httpx.URL(served.address.url).copy_with(raw_path=f"/static/{place}".encode())
    answer = served.client.send(httpx.Request("GET", url, headers=served.signed_in))
    assert answer.status_code == 404
    assert "import" not in answer.text
    assert "root:" not in answer.text


def test_an_empty_home_says_what_to_do_first(home: Path) -> None:
    """On every page: what to add, and where."""
    with open_store(home) as store, serving(store) as served:
        assert "Which folder has your pictures?" in served.client.get("/").text
        assert "Add a folder" in served.client.get("/folders").text
        assert "Nothing to inspect yet" in served.client.get("/inspect").text
        assert "Nothing yet" in served.client.get("/activity").text


def test_what_happened_together_is_one_line(served: Served) -> None:
    """Thousands of checked images are one line with their true number, which leads to each of them. Older events
    follow on the next page.
    """
    sd = served.store.list_storage_dirs()[0]
    now = served.store.bench.now()
    with served.store.bench.catalog.write() as writer:
        for number in range(2500):
            writer.journal.append_event(
                ImageAvailable(
                    at=now, sd_id=sd.sd_id, image_id=id_of(IMAGES[0]), filename=f"{number}.png",
                    state=FileState.PRESENT,
                )
            )  # fmt: skip
    text = served.client.get("/activity").text
    assert "2,500 images checked in Notes" in text
    assert ("2499.png" in text, "2000.png" in text) == (True, False)
    older = re.search(r'href="(/activity\?before=\d+)"', text)
    assert older is not None
    assert "Folder added" in served.client.get(older[1]).text
    single = re.search(r'href="(/activity\?single=1[^"]+)"', text)
    assert single is not None
    seen, place = set[str](), single[1].replace("&amp;", "&")
    while place:
        page = served.client.get(place).text
        seen |= set(re.findall(r"<bdi>(\d+\.png)</bdi>", page))
        link = re.search(r'href="(/activity\?[^"]*before=[^"]*)"[^>]*>\s*(?:<[^>]+>)*\s*Older', page)
        place = link[1].replace("&amp;", "&") if link else ""
    assert len(seen) == 2500
