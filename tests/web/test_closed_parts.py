"""What a reader may not do is not offered on any page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import id_of
from strandline.web.access import NEEDS
from strandline.web.closed_parts import _TAG, find_request, hide_closed

PHOTO = make_picture("jpg", seed=1)


def never(_method: str, _path: str) -> bool:
    """A reader who may do nothing."""
    return False


@pytest.mark.parametrize(
    ("element", "asked"),
    [
        ('<form method="post" action="/pics/delete">', ("POST", "/delete")),
        ('<form class="x" method="POST" action="/pics/a?b=1#c" data-x="y">', ("POST", "/a")),
        ('<form action="/pics/">', ("GET", "/")),
        ('<a class="b" href="/pics/care">', ("GET", "/care")),
        ('<a href="/pics/folders/A&amp;B/x">', ("GET", "/folders/A&B/x")),
        ('<save-images data-needs="POST /api/v1/images">', ("POST", "/api/v1/images")),
        ('<a href="#main">', None),
        ('<a href="https://example.org/pics/care">', None),
        ('<a href="//example.org/pics/care">', None),
        ('<a href="/other/care">', None),
        ('<article data-x="y">', None),
        ("<form>", None),
    ],
)
def test_an_element_says_where_it_leads(element: str, asked: tuple[str, str] | None) -> None:
    """Links to other sites and within the page are no business of ours."""
    assert find_request(element, "/pics") == asked
    hidden = hide_closed(f"<p>{element}x", "/pics", never)
    assert hidden == f"<p>{element}x" if asked is None else hidden.count(" hidden>") == 1
    assert hide_closed(element, "/pics", lambda *_: True) == element


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server with a picture."""
    with serving_storage_dir(tmp_path, PHOTO) as it:
        yield it


@pytest.mark.parametrize("role", ["read", "write"])
@pytest.mark.parametrize("is_part", [False, True], ids=["all", "part"])
def test_no_page_offers_what_would_be_refused(served: Served, role: str, is_part: bool) -> None:
    """Whatever is not hidden works. An administrator is offered everything."""
    sds = served.store.list_storage_dirs() if is_part else None
    token = served.store.tokens.create(role, sds=sds).text
    served.app.door.guard = served.app.door.read_guard()
    (caller,) = [served.app.door.guard.find_token(token)]
    assert caller is not None
    with served.as_stranger() as browser:
        assert browser.post("/sign-in", data={"secret": token}).status_code == 303
        pages = (
            "/",
            "/folders",
            "/inspect",
            "/inspect/Notes",
            "/activity",
            "/status",
            "/help",
            "/care",
            "/trash",
        )
        seen = 0
        for path in (*pages, f"/image/{id_of(PHOTO)}", "/care/verification"):
            page = browser.get(path, headers={"accept": "text/html"})
            assert len(page.content) == int(page.headers["content-length"])
            for tag in _TAG.findall(page.text) if page.status_code == 200 else ():
                asked = find_request(tag, "")
                route = None if asked is None else served.app._routes.find_route(*asked)
                if route is None or tag.endswith(" hidden>"):
                    continue
                seen += 1
                may = caller.role.includes(route.need.role) and (not is_part or route.need.is_for_part)
                assert may, (path, tag)
        assert seen > 50
    whole = served.client.get("/folders").text
    assert ' action="/folders"' in whole
    assert not any(" hidden>" in tag and "action=" in tag for tag in _TAG.findall(whole))
    assert NEEDS["POST", "/folders"].role.value == "admin"
