"""The image key shows images. Of errors, it tells the code, and no name or path of this machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import Response
from starlette.types import Message

from builders.other_thread import run_in_thread
from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import id_of, name_of, put_half, put_image
from strandline import errors
from strandline.web.problems import answer_meaning

PHOTO, HALF, DELETED, FOREIGN = (make_picture("jpg", seed=seed) for seed in range(1, 5))
LEGACY_ID = "0b7e1f0a-5b8e-4c5f-9a50-3d1f8f2b6a11"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server whose folder has a name that is nobody's business."""
    with serving_storage_dir(tmp_path / "Divorce papers", PHOTO, DELETED) as it:
        yield it


def list_errors(served: Served) -> list[tuple[str, int, str]]:
    """Addresses that fail, with status and code, after the folder was brought there."""
    root = Path(served.store.list_storage_dirs()[0].path)
    put_half(root, HALF)
    put_image(root, make_picture("jpg", seed=5), name_of(FOREIGN))
    put_image(root, b"\xff\xd8\xff broken", f"{LEGACY_ID}.jpg")
    served.store.scan()
    served.store.delete(served.store.plan_delete([id_of(DELETED)]))
    return [
        (f"/i/{id_of(DELETED)}", 404, "image-not-found"),
        (f"/i/{'0' * 32}", 404, "image-not-found"),
        (f"/i/{id_of(HALF)}", 503, "image-arriving"),
        (f"/i/{id_of(FOREIGN)}", 503, "image-arriving"),
        (f"/i/{LEGACY_ID}", 503, "image-arriving"),
        (f"/i/{id_of(PHOTO)}?sd=Nowhere", 404, "sd-not-found"),
        (f"/i/{id_of(PHOTO)}?w=many", 422, "invalid-input"),
        ("/i/x", 422, "invalid-image-id"),
    ]


def test_an_error_tells_no_name_and_no_path(served: Served, tmp_path: Path) -> None:
    """Neither in its text nor in its facts. With a session it tells them."""
    key = (served.store.home / "image-key").read_text().strip()
    told = list[str]()
    for address, status, code in list_errors(served):
        asked = f"{address}{'&' if '?' in address else '?'}key={key}"
        with served.as_stranger() as client:
            for headers in ({}, {"accept": "text/html", "sec-fetch-mode": "navigate"}):
                answer = client.get(asked, headers=headers)
                assert answer.status_code == status, answer.text
                for private in ("Divorce", str(tmp_path), "Notes", "media/", ".jpg", key):
                    assert private not in answer.text, (address, answer.text)
                if not headers:
                    problem = answer.json()
                    assert problem.keys() == {"type", "title", "status", "detail", "code"}
                    assert problem["code"] == code
                    assert ("retry-after" in answer.headers) == (status == 503)
        told.append(served.client.get(asked).text)
    assert any("Divorce" in text for text in told)


def test_an_image_in_the_cloud_or_on_a_disk_that_is_away(served: Served) -> None:
    """A folder that is not there is not named either."""
    key = (served.store.home / "image-key").read_text().strip()
    root = Path(served.store.list_storage_dirs()[0].path)
    root.rename(root.with_name("elsewhere"))
    with served.as_stranger() as client:
        answer = client.get(f"/i/{id_of(PHOTO)}?key={key}")
    assert (answer.status_code, answer.json()["code"]) == (503, "image-unreachable")
    assert "Divorce" not in answer.text
    assert answer.json()["detail"].startswith("No reachable storage directory has it")
    assert "Divorce" in served.client.get(f"/i/{id_of(PHOTO)}").text


def test_no_error_tells_its_message_or_facts() -> None:
    """Also those that are hard to bring about: in the cloud, damaged, a full disk."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert errors.ImageOnlineOnlyError in kinds
    for kind in kinds:
        if issubclass(kind, errors.StrandlineError):
            answer = answer_meaning(kind("in /home/ada/Divorce", path="/home/ada/Divorce"))
            problem = json.loads(_read(answer))
            assert problem["code"] == kind.code
            assert problem["detail"].endswith((".", ";"))
            assert "Divorce" not in str(problem)


def _read(answer: Response) -> bytes:
    """The body that the answer is sent with."""
    sent = list[Message]()

    async def send(message: Message) -> None:
        sent.append(message)

    async def run() -> None:
        await answer({"type": "http", "headers": []}, receive=None, send=send)  # type: ignore[arg-type]

    run_in_thread(lambda: asyncio.run(run()))
    return b"".join(message.get("body", b"") for message in sent)


def test_an_explanation_of_an_error_is_for_everybody(served: Served) -> None:
    """It has no data, runs no script, and leads to nothing that needs a sign-in. Nothing else below it is public."""
    with served.as_stranger() as client:
        for address in ("/problems", "/problems/image-not-found"):
            page = client.get(address)
            assert page.status_code == 200
            assert "handed out" in page.text
            assert "<script" not in page.text
            assert "/folders" not in page.text
            assert "script-src" not in page.headers["content-security-policy"]
        assert client.get("/problems/no-such-code").status_code == 404
        for address in ("/problems/", "/problems/x/y", "/problems/..%2ffolders", "/problemsx"):
            assert client.get(address).status_code == 401, address
        assert client.post("/problems/image-not-found").status_code == 401
    assert "/folders" in served.client.get("/problems/image-not-found").text
