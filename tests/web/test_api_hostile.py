"""Requests that violate the API's document: each gets a proper answer, and never an internal error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
)

from builders.api_document import list_operations, make_schema
from builders.pictures import make_picture
from builders.sampling import take_sample
from builders.served import LIMIT_S, Served, serving_storage_dir
from builders.storage import id_of

PHOTO = make_picture("jpg", seed=1)
PHOTO_PLACE = f"/i/{id_of(PHOTO)}"

SCHEMA = make_schema()
OPERATIONS = list_operations()
ASKED = [
    label for label, operation in OPERATIONS.items() if operation.body or list(operation.iter_parameters())
]
BREAKABLE = [label for label in ASKED if OPERATIONS[label].body or OPERATIONS[label].query]
"""Any text is valid in a path. Meaningless ones are tested below."""
WRITES = [label for label in OPERATIONS if not label.startswith("GET ")]

HOSTILE = (
    "", " ", ".", "..", "../../etc/passwd", "/etc/passwd", "~root", "media/../../SD_ID", "C:\\x", "\\\\host\\share",
    "\0", "a\0b", "\r\nx: y", "\x1b[31m", "\u202egnp", "\udcff", "\U0010ffff", "ſd_ıd", "%", "%00", "%2e%2e%2f",
    "'; DROP TABLE image_files; --", '" OR 1=1', "%_%", "*", "(?:a+)+$", "${7*7}", "{{7*7}}", "<script>", "null",
    "true", "-1", "0", "00", "1e999", "NaN", "9" * 30, "9" * 4400, str(2**63), str(-(2**63) - 1), "０", "x" * 3000,
    "2026-02-30", "0000-00-00", "9999-12-31", "2026-99", "WzEsMiwiYSJd", "W" * 300, "0" * 32,
)  # fmt: skip
"""Known troublemakers: separators, NULs, control and direction marks, half characters, and huge numbers."""

NO_OBJECTS = (
    b"", b"null", b"[]", b"0", b'"x"', b"{", b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe",
)  # fmt: skip
"""Values that no route accepts as a body."""

ODD_OBJECTS = (
    b"{}", b'{"sds": "\\ud800"}', b'{"path": "\\u0000"}', b'{"path": 1e999}', b'{"sds": [' + b"1," * 10_000 + b"1]}",
    b'{"name": "' + b"x" * 100_000 + b'"}',
)  # fmt: skip
"""Values that might be accepted."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A storage directory with a photo."""
    with serving_storage_dir(tmp_path_factory.mktemp("hostile"), PHOTO) as it:
        it.store.get(id_of(PHOTO))
        yield it


def what_is_there(served: Served) -> dict[str, str]:
    """A valid value for each parameter that names something. A storage directory may have been renamed by now."""
    sd_id = str(served.store.list_storage_dirs()[0].sd_id)
    return {"sd": sd_id, "image_id": id_of(PHOTO), "path": "SD_ID", "scan": "1", "trash_id": "0" * 32}


def check_no_fault(response: httpx.Response) -> None:
    """An error is a problem document that says what was wrong with the request."""
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json", response.text[:200]
        assert response.status_code < 500, response.text[:500]
        assert response.json()["code"] != "fault"


def check_refused(served: Served, case: Case[Any]) -> None:
    """A request that violates the document is a client error, and the answer itself conforms to the document."""
    origin = served.address.url.rstrip("/")
    response = case.call(
        base_url=origin, headers=dict(case.headers or {}) | {"Origin": origin} | served.signed_in
    )
    if response.status_code == HTTPStatus.REQUEST_URI_TOO_LONG:
        return  # an address of more than 64 KiB, which the server itself refuses
    case.validate_response(
        response, checks=[negative_data_rejection, content_type_conformance, response_schema_conformance]
    )
    assert response.status_code < 500


@pytest.mark.parametrize("label", BREAKABLE)
def test_every_rule_of_the_document_is_kept(served: Served, label: str) -> None:
    """Each bound, type, required field, and method is violated alone: refused, although the address exists."""
    operation, there = OPERATIONS[label], what_is_there(served)
    broken = SCHEMA.iter_coverage_cases(
        operation,
        generation_modes=[GenerationMode.NEGATIVE],
        generation_config=SCHEMA.config.generation_for(operation=operation),
    )
    for case in take_sample(list(broken), label):
        case.path_parameters |= {each.name: there[each.name] for each in operation.path_parameters}
        check_refused(served, case)


@pytest.mark.parametrize("label", BREAKABLE)
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_breaks_the_document_is_refused_as_it_says(
    served: Served, label: str, data: st.DataObject
) -> None:
    """Wrong types, missing values, broken bodies, and several of them at once."""
    operation, there = OPERATIONS[label], what_is_there(served)
    named = {each.name: there[each.name] for each in operation.path_parameters}
    broken = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE, path_parameters=named)
    check_refused(served, data.draw(broken))


@pytest.mark.parametrize("label", ASKED)
def test_no_text_is_a_fault(served: Served, label: str) -> None:
    """Each hostile text in each parameter, alone and in all of them at once."""
    operation = OPERATIONS[label]
    parameters = [(each.name, str(each.location)) for each in operation.iter_parameters()]
    known = what_is_there(served)
    for text in take_sample(HOSTILE, label):
        for chosen in [{name} for name, _ in parameters] + [{name for name, _ in parameters}]:
            values = {name: text if name in chosen else known.get(name) for name, _ in parameters}
            path, query = operation.path, {}
            for name, location in parameters:
                value = values[name]
                if "path" in location.lower():
                    path = path.replace(f"{{{name}}}", quote(value or "", safe="", errors="surrogateescape"))
                elif value is not None:
                    query[name] = value
            pairs = "&".join(
                f"{quote(name)}={quote(value, safe='', errors='surrogateescape')}"
                for name, value in query.items()
            )
            check_no_fault(_ask(served, operation.method, f"{path}?{pairs}"))


def _ask(served: Served, method: str, target: str) -> httpx.Response:
    """Sends the address as written, not normalized."""
    url = httpx.URL(served.address.url).copy_with(raw_path=target.encode("ascii"))
    headers = {"origin": served.address.url.rstrip("/"), "content-type": "application/json"}
    headers |= served.signed_in
    return served.client.send(httpx.Request(method, url, headers=headers))


@pytest.mark.parametrize("label", [label for label, operation in OPERATIONS.items() if operation.body])
@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/octet-stream", "multipart/form-data; boundary=x", "", "\xff"],
)
def test_no_body_is_a_fault(served: Served, label: str, content_type: str) -> None:
    """Empty, nonsense, very deep, very long, or of another type than declared: refused, or accepted as it is."""
    operation, there = OPERATIONS[label], what_is_there(served)
    is_json = operation.get_body_for_media_type("application/json") is not None
    for body in (*NO_OBJECTS, *ODD_OBJECTS):
        response = served.client.request(
            operation.method,
            operation.path.format(**there),
            params={} if is_json else {"sd": there["sd"]},
            content=body,
            headers={b"content-type": content_type.encode("latin-1")},
        )
        check_no_fault(response)
        if not (is_json and content_type == "application/json" and body in ODD_OBJECTS):
            assert (response.status_code, body[:20]) == (422, body[:20])


@pytest.mark.parametrize("label", WRITES)
def test_no_write_is_done_for_another_site(served: Served, label: str) -> None:
    """Every route that changes something is requested as a page of another site could."""
    operation = OPERATIONS[label]
    path = operation.path.replace("{sd}", "Notes").replace("{scan}", "1")
    for headers in (
        {},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": f"{served.address.url}evil"},
    ):
        answer = httpx.request(
            operation.method, served.address.url.rstrip("/") + path, headers=headers, timeout=LIMIT_S
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "origin-not-allowed")


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(
    last_seen=st.one_of(
        st.sampled_from(HOSTILE),
        st.text(max_size=120),
        st.integers().map(lambda n: f"EPOCH-{n}"),
        st.integers().map(str),
    )
)
def test_any_last_event_id_is_a_place_or_a_reset(served: Served, last_seen: str) -> None:
    """A foreign event id causes a reset, never an error or silence."""
    epoch = served.store.bench.catalog.epoch
    now = served.store.journal.find_position()
    place = served.store.journal.find_position(last_seen.replace("EPOCH", epoch))
    assert 0 <= place.seq <= now.seq
    assert place.is_reset == (last_seen != "" and not _is_place(last_seen, now.seq))


def _is_place(last_seen: str, newest: int) -> bool:
    known = re.fullmatch(r"(?:EPOCH-)?([0-9]{1,18})", last_seen)
    return known is not None and int(known[1]) <= newest


CONTROLS = bytes(range(0x20)) + b"\x7f"
"""A head with one of these never reaches us: the server's own parser answers 400."""

HEADER_VALUES = st.one_of(
    st.sampled_from(
        [*HOSTILE, "bytes=0-", "bytes=-1", "bytes=5-2", "bytes=0-0,2-3", "bytes=99999999-", "items=0-1", "*"]
    ),
    st.from_regex(r"bytes=[0-9]{0,21}-[0-9]{0,21}(,[0-9]*-[0-9]*)?", fullmatch=True),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=60),
).map(lambda text: text.encode("utf-8", "surrogateescape").translate(None, CONTROLS)[:4000].strip())


HEADERS = st.dictionaries(
    st.sampled_from([b"range", b"if-range", b"if-none-match", b"referer", b"cookie", b"authorization"]),
    HEADER_VALUES,
    max_size=3,
)
QUERIES = st.builds(
    lambda name, text: f"{name}={quote(text, errors='surrogateescape')}",
    st.sampled_from(["sd", "w", "wait", "original", "fetch", "key", "x"]),
    st.sampled_from(HOSTILE),
)


@settings(max_examples=80, suppress_health_check=list(HealthCheck))
@given(headers=HEADERS, query=st.just("") | QUERIES)
def test_an_image_is_sent_right_or_not_at_all(
    served: Served, headers: dict[bytes, bytes], query: str
) -> None:
    """The whole, exactly the part that the answer names, or nothing; a problem only for an odd query."""
    if not served.store.exists(id_of(PHOTO)):  # other tests ask for deletions, too
        served.store.save(PHOTO, sd=served.store.list_storage_dirs()[0])
    session = served.signed_in["cookie"].encode()
    headers[b"cookie"] = b"; ".join(filter(None, (headers.get(b"cookie"), session)))
    answer = served.client.get(f"{PHOTO_PLACE}?{query}", headers=headers)
    if answer.status_code == 200:
        assert answer.content == PHOTO
    elif answer.status_code == 206:
        first, last, size = map(
            int, answer.headers["content-range"].removeprefix("bytes ").replace("/", "-").split("-")
        )
        assert (answer.content, size) == (PHOTO[first : last + 1], len(PHOTO))
    elif answer.status_code == 304:
        assert answer.content == b""
    else:
        check_no_fault(answer)
        assert query or answer.status_code == 416
