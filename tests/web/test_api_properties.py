"""The API against its own OpenAPI document: whatever the request, no internal error and no other shape.

What surprises: random names almost never exist, and a request for nothing shows little. So most requests name
existing things, and each operation must have had its effect, or its test fails.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from builders.api_document import list_operations, make_document
from builders.named_vault import put
from builders.pages import break_storage_dir
from builders.pictures import make_picture
from builders.served import LIMIT_S, Served, serving
from builders.storage import id_of, make_storage_dir, name_of

NEW = make_picture("jpg", seed=30)
"""A folder that does not exist yet."""

SYNC_CONFLICT = ".sync-conflict-20260101-101010-ABCDEFG.png"
"""How the name of another version ends."""

GONE = make_picture("webp", seed=31)
"""An image that was deleted."""

DOCUMENT = make_document()
OPERATIONS = list_operations()

Operation = APIOperation[Any, Any, Any, Any]


SHARED = "/api/v1/work"
"""Needs a catalog that machines share, which this world does not have: tests/web/test_work.py does."""

PLACES = {"POST /api/v1/sds/{sd}/put-back": "Vault", "POST /api/v1/sds/{sd}/conflicts/choose": "Vault"}
"""The storage directory of a valid request, if it is not the first one."""


def pack(data: bytes) -> bytes:
    """A ZIP archive with one picture."""
    target = BytesIO()
    with ZipFile(target, "w") as archive:
        archive.writestr("Trip/a.jpg", data)
    return target.getvalue()


@dataclass(frozen=True, slots=True)
class World:
    """A server, and the values that a request may use; the simplest comes first."""

    served: Served
    folder: Path
    """Where all storage directories are: the known ones, and two that are not added yet."""
    known: dict[str, list[Any]]
    """Known values by the name of a parameter or a body field."""

    @property
    def folders(self) -> list[str]:
        """Every folder that a body may name. Only the tests' own may be added or moved to."""
        return [
            *(str(self.folder / name) for name in ("More", "Unmarked", "Notes", "Photos", "Nowhere")),
            "More",
        ]

    @property
    def plain_bodies(self) -> dict[str, Any]:
        """For each operation with a body: a valid one."""
        return {
            "POST /api/v1/sds": {"path": self.folders[0]},
            "POST /api/v1/work": {"kind": "scan"},
            "PATCH /api/v1/sds/{sd}": {"name": "Diary"},
            "POST /api/v1/images": NEW,
            "POST /api/v1/images/{image_id}/copy": {"sd": "Photos"},
            "POST /api/v1/images/adopt": {"sd": "Notes", "filename": self.known["filename"][0]},
            "POST /api/v1/images/delete": {"image_ids": [self.known["image_id"][0]]},
            "POST /api/v1/images/copy": {"image_ids": [self.known["image_id"][0]], "to": "Photos"},
            "POST /api/v1/images/move": {
                "image_ids": [self.known["image_id"][0]],
                "to": "Photos",
                "dry_run": True,
            },
            "POST /api/v1/export": {"image_ids": [self.known["image_id"][0]]},
            "POST /api/v1/sds/{sd}/import": {"sources": [f"{self.folders[0]}/media"]},
            "POST /api/v1/sds/{sd}/import-archive": pack(NEW),
            "POST /api/v1/verification": {"full": True},
            "POST /api/v1/catalog/import": {"format": 1, "origins": []},
            "POST /api/v1/duplicates/fold": {"dry_run": True},
            "POST /api/v1/wanted/provide": {"wanted": [{"image_id": self.known["image_id"][0]}]},
            "POST /api/v1/rescue": {"folders": [self.folders[0]], "dry_run": True},
            "POST /api/v1/unused/collect": {"confirm": True},
            "POST /api/v1/sds/{sd}/conflicts/resolve": {"dry_run": True},
            "POST /api/v1/sds/{sd}/conflicts/choose": {
                "path": f"sea{SYNC_CONFLICT}",
                "keep": "file",
                "dry_run": True,
            },
            "POST /api/v1/conflicts/undo-choice": {"undo": self.known["undo"][0]},
            "POST /api/v1/sds/{sd}/put-back": {"dry_run": True},
            "POST /api/v1/trash/restore": {"image_ids": [id_of(GONE)]},
            "POST /api/v1/trash/empty": {"confirm": True},
            "POST /api/v1/scans": {},
            "POST /api/v1/arrivals": {"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}]},
        }

    def put_back(self) -> None:
        """Restores what the last request has forgotten, moved, or renamed."""
        store = self.served.store
        known = {sd.path: sd for sd in store.list_storage_dirs()}
        for name in ("Notes", "Photos"):
            root = self.folder / name
            sd = known.get(str(root)) or store.add_storage_dir(root).sd
            if sd.name != name:
                store.rename_storage_dir(sd, name)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """``Notes`` with an example of everything, ``Photos`` with good copies for restoring and something in the trash,
    ``Vault`` with a note that misses a picture, and a finished scan.
    """
    with break_storage_dir(tmp_path) as broken, serving(broken.store) as served:
        photos = broken.store.add_storage_dir(make_storage_dir(tmp_path / "Photos", broken.original, GONE)).sd
        broken.store.delete(broken.store.plan_delete([id_of(GONE)]))
        put(tmp_path / "Vault", "Note.md", b"![](gone.png)\n")
        for seed, name in enumerate(
            ("sea.png", f"sea{SYNC_CONFLICT}", "tide.png", f"tide{SYNC_CONFLICT}"), 40
        ):
            put(tmp_path / "Vault", name, make_picture("png", seed=seed))
        vault = broken.store.add_storage_dir(tmp_path / "Vault").sd
        chosen = broken.store.choose_version(vault, f"tide{SYNC_CONFLICT}", "file")
        make_storage_dir(tmp_path / "More", NEW)
        make_storage_dir(tmp_path / "Unmarked", NEW)
        (tmp_path / "Unmarked/SD_ID").unlink()
        scans = served.store.scans
        assert scans.wait(scans.start(photos), LIMIT_S)
        edited = name_of(broken.original)
        known: dict[str, list[Any]] = {
            "sd": ["Notes", "Photos", "Vault", photos.sd_id],
            "image_id": [broken.shown_id, id_of(broken.original), broken.damaged_id, "0" * 32],
            "image_ids": [[broken.shown_id], [id_of(GONE)], [id_of(broken.original), "0" * 32]],
            "sds": [["Notes"], ["Photos", "Notes"]],
            "sources": [
                [str(tmp_path / "More")],
                ["More"],
                [str(tmp_path / "Nowhere"), "http://127.0.0.1/x"],
            ],
            "folders": [[str(tmp_path / "More")], [str(tmp_path / "Nowhere"), "More"]],
            "trash_id": [broken.store.trash.list_entries()[0].trash_id],
            "undo": [chosen.undo],
            "scan": ["1"],
            "task": ["1"],
            "path": [f"media/{edited}", "SD_ID", "media", ".."],
            "filename": [edited, broken.damaged],
            "name": ["Diary"],
            "files": [[NEW], [NEW, b"no image"]],
            "type": ["png", "image/webp", "image"],
            "from": ["2020-01-01", "2026-02-30"],
            "to": ["2040-01-01"],
            "id": [id_of(NEW)],
        }
        yield World(served, tmp_path, known)


def make_plain_request(operation: Operation, world: World) -> Case[Any]:
    """A valid request with only what is required."""
    body = {"body": world.plain_bodies[operation.label]} if operation.body else {}
    return operation.Case(
        path_parameters={
            each.name: PLACES.get(operation.label) or world.known[each.name][0]
            for each in operation.path_parameters
        },
        query={each.name: world.known[each.name][0] for each in operation.query if each.is_required},
        media_type=next(iter(operation.body)).media_type if operation.body else None,
        **body,
    )


@st.composite
def requests(draw: st.DrawFn, operation: Operation, world: World) -> Case[Any]:
    """Whatever the document allows, mostly about existing things."""
    case = draw(operation.as_strategy())
    fields = case.body if isinstance(case.body, dict) else {}
    for values in (case.path_parameters, case.query, fields):
        for name in sorted(world.known.keys() & values.keys()):
            values[name] = draw(st.sampled_from([*world.known[name], values[name]]))
    if "path" in fields:
        fields["path"] = draw(st.sampled_from(world.folders))
    if isinstance(case.body, bytes):
        case.body = draw(st.sampled_from([NEW, case.body]))
    return case


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_answer_is_as_the_document_says(world: World, label: str) -> None:
    """Status, type, and shape. An error is a problem, never an internal error. A valid request has its effect."""
    operation = OPERATIONS[label]
    named = DOCUMENT["paths"][operation.path][operation.method]["responses"]
    statuses: Counter[int] = Counter()

    @settings(max_examples=max(1, settings().max_examples // 2), suppress_health_check=list(HealthCheck))
    @example(case=make_plain_request(operation, world))
    @given(case=requests(operation, world))
    def ask(case: Case[Any]) -> None:
        world.put_back()
        origin = world.served.address.url.rstrip("/")
        headers = dict(case.headers or {}) | {"Origin": origin} | world.served.signed_in
        response = case.call(base_url=origin, headers=headers)
        statuses[response.status_code] += 1
        case.validate_response(response, checks=[content_type_conformance, response_schema_conformance])
        if response.status_code < 400:
            assert str(response.status_code) in named, "a success that the document does not name"
        else:
            problem = response.json()
            assert problem["status"] == response.status_code
            assert problem["code"] != "fault"
            assert not re.search(r"\b(?:should|Field required|Extra inputs)\b", problem["detail"]), (
                "the validator's words"
            )

    ask()
    if operation.path.startswith(SHARED):
        assert set(statuses) <= {404, 409, 422}  # 404: an address with control characters
    else:
        assert any(200 <= status < 300 for status in statuses), f"only {dict(statuses)}"


def test_the_document_that_is_served_is_the_one_that_is_tested(world: World) -> None:
    """The whole document, at the documented address."""
    assert world.served.get("/openapi.json") == DOCUMENT
