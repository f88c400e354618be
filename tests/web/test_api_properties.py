"""The API against its own OpenAPI document: whatever is asked, no fault of ours, and no answer of another shape."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from builders.pictures import make_picture
from builders.served import Served, serving_storage_dir
from builders.storage import id_of, put_half
from strandline.web.app import make_api

PHOTO = make_picture("jpg", seed=1)
HALF = make_picture("png", seed=2)

ENDLESS = "/api/v1/events"
"""A stream has no end to check; test_api_events reads it."""

DOCUMENT = make_api().openapi()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT).exclude(path=ENDLESS)
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)}

KNOWN = {
    "image_id": [id_of(PHOTO), id_of(HALF), "0" * 32],
    "sd": ["Notes", "Nobody"],
    "scan": ["1"],
    "path": ["SD_ID", f"media/{id_of(PHOTO)}.jpg", "media", ".."],
}
"""What a request may name that is there: of random names hardly any is."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A storage directory with a photo and half an image."""
    folder = tmp_path_factory.mktemp("api")
    with serving_storage_dir(folder, PHOTO) as it:
        put_half(folder / "Notes", HALF)
        it.store.scan()
        it.store.get(id_of(PHOTO))
        yield it


@pytest.mark.parametrize("label", OPERATIONS)
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_answer_is_as_the_document_says(
    served: Served, tmp_path_factory: pytest.TempPathFactory, label: str, data: st.DataObject
) -> None:
    """Status, type and shape; an error is a problem with a code, and never a fault of ours."""
    case = data.draw(OPERATIONS[label].as_strategy())
    _name_what_is_there(case)
    _keep_inside(case, tmp_path_factory.getbasetemp())
    origin = served.address.url.rstrip("/")
    response = case.call(base_url=origin, headers=dict(case.headers or {}) | {"Origin": origin})
    case.validate_response(
        response, checks=[status_code_conformance, content_type_conformance, response_schema_conformance]
    )
    if response.status_code >= 400:
        assert json.loads(response.content)["code"] != "fault"


def test_the_document_that_is_served_is_the_one_that_is_tested(served: Served) -> None:
    """Whole, and at the address that the reference gives."""
    assert served.get("/openapi.json") == DOCUMENT


def _name_what_is_there(case: Case[Any]) -> None:
    """Every other time, by the bytes of the request itself: the same request is always the same."""
    for values in (case.path_parameters, case.query):
        for name, known in KNOWN.items():
            if values and isinstance(values.get(name), str) and len(values[name]) % 2:
                values[name] = known[len(values[name]) % len(known)]


def _keep_inside(case: Case[Any], folder: Path) -> None:
    """No test adds or moves to a folder of this machine that is not the tests' own."""
    if isinstance(case.body, dict) and isinstance(case.body.get("path"), str):
        case.body["path"] = str(folder / "nowhere")
