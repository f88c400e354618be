"""A token that ends in the middle of a request makes nobody of its holder, and never somebody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.served import Served, serving
from builders.storage import make_storage_dir
from strandline.model.access import AccessToken, Caller, Role, caller_of
from strandline.runtime.assembly import open_store
from strandline.web.guards import Guard, is_public
from strandline.web.heads import Request

KEY, HOST = "key-key-key-key-key", {b"host": b"localhost"}
TOKEN = AccessToken("0" * 12, Role.READ, datetime(2026, 11, 30, tzinfo=UTC), is_limited=True, numbers=(1,))
READER = caller_of(TOKEN)
SHOWN = {
    "a header": {b"authorization": b"Bearer x"},
    "a session": {b"cookie": b"strandline=x; strandline=y"},
    "both": {b"authorization": b"Bearer x", b"cookie": b"strandline=x"},
    "nothing": {},
}
PATHS = (
    "/", "/sign-in", "/healthz", "/i/x", "/api/v1/sds", "/static/css/x.css", "/problems/sd-offline", "/\n",
)  # fmt: skip


def make_guard(answers: list[bool]) -> Guard:
    """One that finds a token or a session, or not, in this order, and then none any more."""
    left = iter(answers)
    return Guard(
        "t" * 32, KEY,
        find_token=lambda _: TOKEN if next(left, False) else None,
        find_in_session=lambda _: READER if next(left, False) else None,
    )  # fmt: skip


@given(
    answers=st.lists(st.booleans(), max_size=6),
    shown=st.sampled_from(list(SHOWN.values())),
    path=st.sampled_from(PATHS),
    method=st.sampled_from(["GET", "HEAD", "POST", "DELETE"]),
    query=st.sampled_from([b"", f"key={KEY}".encode(), b"key=wrong"]),
)
def test_nobody_gets_only_what_is_public(
    answers: list[bool], shown: dict[bytes, bytes], path: str, method: str, query: bytes
) -> None:
    """Whenever a token ends. Nobody is more than the token has made of them."""
    headers = {**HOST, **shown, b"origin": b"http://localhost"}
    request = Request(method, path, query, headers)
    admission = make_guard(answers).admit(request)
    assert admission.caller in (None, READER)
    if admission.refusal is None and admission.caller is None:
        has_key = path.startswith("/i/") and method in ("GET", "HEAD") and KEY.encode() in query
        assert has_key or is_public(request)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with two storage directories."""
    folder = tmp_path_factory.mktemp("ending")
    with open_store(folder / "home") as store:
        for name in ("Notes", "Secret"):
            store.add_storage_dir(make_storage_dir(folder / name))
        with serving(store) as it:
            yield it


def ending_after(
    count: int, find: Callable[[str], AccessToken | None]
) -> Callable[[str], AccessToken | None]:
    """The same for the first lookups."""
    times = iter(range(count))
    return lambda text: None if next(times, None) is None else find(text)


@pytest.mark.parametrize("count", range(1, 5))
@pytest.mark.parametrize("way", ["find_by_text", "find_by_id"])
def test_it_is_looked_up_once(served: Served, way: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a program's header and by a browser's session, for reading and for writing."""
    store, keyring = served.store, served.app.door.keyring
    made = store.tokens.create("read", sds=[store.get_storage_dir("Notes")])
    served.app.door.guard = served.app.door.read_guard()
    with served.as_stranger() as client:
        if way == "find_by_text":
            client.headers["authorization"] = f"Bearer {made.text}"
        else:
            assert client.post("/sign-in", data={"secret": made.text}).status_code == 303
        for method, path in (("GET", "/api/v1/sds"), ("GET", "/folders"), ("POST", "/api/v1/images/delete")):
            with monkeypatch.context() as patch:
                patch.setattr(keyring, way, ending_after(count, getattr(keyring, way)))
                served.app.door.guard = served.app.door.read_guard()
                answer = client.request(method, path)
            assert answer.status_code in (200, 401) if method == "GET" else answer.status_code in (401, 403)
            assert "Secret" not in answer.text


def test_a_session_whose_token_is_gone_is_nobodys(served: Served) -> None:
    """It was signed by this home, but not for its owner."""
    door = served.app.door
    value = door.sessions.begin(door.guard.session_key, served.store.now(), "0" * 12)
    assert door.guard.find_in_session(value) is None
    owners = door.sessions.begin(door.guard.session_key, served.store.now())
    assert door.guard.find_in_session(owners) == Caller("the home's session")


def test_the_image_key_tells_a_limited_session_no_more(served: Served) -> None:
    """The key shows every image. What errors say of other storage directories is for those who may see these."""
    store, door = served.store, served.app.door
    limited = store.tokens.create("read", sds=[store.get_storage_dir("Notes")])
    whole = store.tokens.create("read")
    door.guard = door.read_guard()
    asked = f"/i/{'0' * 32}?key={door.guard.image_key}&sd=Nowhere"
    for made, tells in ((limited, False), (whole, True)):
        with served.as_stranger() as client:
            assert client.post("/sign-in", data={"secret": made.text}).status_code == 303
            answer = client.get(asked)
            assert (answer.status_code, "Nowhere" in answer.text) == (404, tells)
