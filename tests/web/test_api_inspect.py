"""The inspector over HTTP: the content of a storage directory, and never a byte from outside it."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import name_of, put_half, put_image
from strandline.model.sync_status import SyncStatus

PHOTO = make_picture("jpg", seed=1)
HALF = make_picture("png", seed=3)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """One photo, half a photo, a note, and a secret beside the folder."""
    (tmp_path / "secret.png").write_bytes(make_picture("png", seed=2))
    with serving_storage_dir(tmp_path, PHOTO) as it:
        put_half(tmp_path / "Notes", HALF)
        (tmp_path / "Notes/diary.md").write_text("hello")
        it.store.scan()
        yield it


def test_the_overview_counts_what_the_status_lists(served: Served) -> None:
    """Numbers in the overview, files in the details."""
    [summary] = served.get("/inspect")["sds"]
    status = served.get("/inspect/Notes")
    assert (summary["healthy"], summary["on_disk"]["count"]) == (True, 2)
    assert summary["counts"] == {name: len(status[name]) for name in SyncStatus.LISTS}
    assert [item["size_bytes"] for item in status["arriving"]] == [len(HALF) // 2]


def test_the_tree_says_what_each_name_means(served: Served) -> None:
    """The root and the media folder."""
    entries = {entry["path"]: entry["meaning"] for entry in served.get("/inspect/Notes/tree")["entries"]}
    assert entries[f"media/{name_of(PHOTO)}"] == "image"
    assert (entries["media"], entries["SD_ID"], entries["diary.md"]) == (
        "media folder",
        "identity: plain",
        "other",
    )


def test_a_file_has_facts_bytes_and_a_picture(served: Served) -> None:
    """Everything about exactly that file, proven or not. The picture has a policy that blocks everything."""
    path = f"media/{name_of(PHOTO)}"
    assert served.get("/inspect/Notes/file", path=path)["media_type"] == "image/jpeg"
    page = served.get("/inspect/Notes/hex", path=path, offset=2, length=4)
    assert (page["hex"], page["size_bytes"]) == (PHOTO[2:6].hex(), len(PHOTO))
    raw = served.client.get("/api/v1/inspect/Notes/raw", params={"path": path})
    assert (raw.content, raw.headers["content-type"]) == (PHOTO, "image/jpeg")
    assert "sandbox" in raw.headers["content-security-policy"]
    assert raw.headers["x-content-type-options"] == "nosniff"


def test_a_small_copy_of_any_picture_is_made(served: Served) -> None:
    """Of bytes that prove nothing, such as another image under an image's name."""
    media = Path(served.store.list_storage_dirs()[0].path) / "media"
    other = put_image(media.parent, make_picture("png", size=(300, 200)), "0" * 32 + ".jpg")
    answer = served.client.get("/api/v1/inspect/Notes/raw", params={"path": f"media/{other}", "w": 30})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    width, height = struct.unpack("<HH", answer.content[26:30])
    assert (width, height) == (30, 20)
    (media / other).write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    answer = served.client.get("/api/v1/inspect/Notes/raw", params={"path": f"media/{other}", "w": 30})
    assert (answer.status_code, answer.json()["code"]) == (422, "undecodable-picture")
    for w in ("0", "999999", "x"):
        params = {"path": f"media/{other}", "w": w}
        assert served.client.get("/api/v1/inspect/Notes/raw", params=params).status_code == 422


def test_only_images_are_shown_as_they_are(served: Served) -> None:
    """A web page in a synced folder must not become a page of this server."""
    response = served.client.get("/api/v1/inspect/Notes/raw", params={"path": "diary.md"})
    assert (response.status_code, response.json()["code"]) == (422, "unsupported-image")


REFUSALS = {"invalid-path", "invalid-input", "entry-not-found", "unreadable-file"}


@pytest.mark.parametrize(
    "path",
    ["../secret.png", "media/../../secret.png", "/etc/passwd", "link.png", "folder-link/secret.png", "a\0b", "..",
     "nothing", "media\\..\\..\\secret.png", "x" * 5000, "fifo"],
)  # fmt: skip
@pytest.mark.parametrize("view", ["file", "hex", "raw"])
def test_nothing_outside_is_shown(served: Served, tmp_path: Path, view: str, path: str) -> None:
    """No path leads up, around by a link, or to something that blocks."""
    root = tmp_path / "Notes"
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "folder-link").symlink_to(tmp_path)
    os.mkfifo(root / "fifo")
    response = served.client.get(f"/api/v1/inspect/Notes/{view}", params={"path": path})
    if view == "file" and path in {"link.png", "fifo"}:
        assert response.json()["kind"] in {"symlink", "special"}
    else:
        assert response.json()["code"] in REFUSALS
    assert b"PNG" not in response.content


def test_hostile_names_do_not_break_an_answer(served: Served, tmp_path: Path) -> None:
    """Names that are not UTF-8, contain markup, or act on terminals arrive as text."""
    names = [b"\xff\xfe.png", b"<img src=x onerror=alert(1)>.png", b"\x1b[31m.png", "\u202egnp.exe".encode()]
    for name in names:
        (tmp_path / "Notes/media" / os.fsdecode(name)).write_bytes(b"x")
    response = served.client.get("/api/v1/inspect/Notes")
    assert response.headers["content-type"] == "application/json"
    assert response.content.isascii()
    assert len(response.json()["strays"]) == len(names)


def test_health_is_what_doctor_says(served: Served) -> None:
    """One entry per check, with what to do."""
    checks = served.get("/health")["checks"]
    assert {"catalog", "home", "clock"} <= {check["name"] for check in checks}
    assert all(set(check) == {"name", "ok", "message", "remedy"} for check in checks)


def test_strict_health_is_503_if_a_check_failed(served: Served, tmp_path: Path) -> None:
    """For programs that look at the status only. Otherwise an answer is 200, whatever it says."""
    (tmp_path / "Notes").rename(tmp_path / "Elsewhere")
    strict, usual = (served.client.get(f"/api/v1/health{query}") for query in ("?strict=true", ""))
    assert (strict.status_code, usual.status_code) == (503, 200)
    assert strict.json()["code"] == "unhealthy"
    failed = [
        [check["name"] for check in each.json()["checks"] if not check["ok"]] for each in (strict, usual)
    ]
    assert "storage directory Notes" in failed[0]
    assert failed[0] == failed[1]


def test_an_unknown_storage_directory_is_404(served: Served, tmp_path: Path) -> None:
    """In every view."""
    put_image(tmp_path / "Notes", PHOTO)
    for view in ("", "/tree", "/file?path=x", "/hex?path=x", "/raw?path=x"):
        assert served.client.get(f"/api/v1/inspect/Nobody{view}").status_code == 404
