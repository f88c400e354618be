"""docs/reference/http.md is in step with the server: every route, parameter and code, and no other."""

from __future__ import annotations

import configparser
import plistlib
import re
from datetime import UTC, datetime
from pathlib import Path

from builders.api_document import make_document
from strandline.model.events import EVENT_TYPES
from strandline.model.operations import Operations
from strandline.model.store_status import StoreStatus
from strandline.web.api.metrics import list_metrics, list_operations
from strandline.web.app import API
from strandline.web.images.plan import PARAMETERS, Wish
from strandline.web.problems import REFUSALS

PROJECT = Path(__file__).parents[2]
REFERENCE = (PROJECT / "docs/reference/http.md").read_text()


def section(heading: str) -> str:
    """The text below a heading, up to the next."""
    parts = {part.partition("\n")[0]: part for part in re.split(r"^## ", REFERENCE, flags=re.MULTILINE)}
    return parts[heading]


def test_every_route_is_documented_and_no_other() -> None:
    """The table of resources is the list of routes."""
    routes = {
        f"{method.upper()} {path.removeprefix(API)}"
        for path, each in make_document()["paths"].items()
        for method in each
        if path.startswith(API)
    }
    assert set(re.findall(r"^\| `([A-Z]+ /[^`]*)` \|", section("Resources"), re.MULTILINE)) == routes


def test_every_parameter_of_a_list_is_named_in_its_row() -> None:
    """A reader can see the parameters without opening the OpenAPI document."""
    rows = dict(re.findall(r"^\| `([A-Z]+ /[^`]*)` \| (.+) \|$", section("Resources"), re.MULTILINE))
    for path in ("/images", "/journal"):
        for parameter in make_document()["paths"][API + path]["get"]["parameters"]:
            assert f"{parameter['name']}=" in rows[f"GET {path}"]


def test_every_query_of_an_image_is_documented() -> None:
    """The parameters of the endpoint, and the key that the guard accepts."""
    named = set(re.findall(r"^\| `(\w+)=[^`]*` \|", section("Images by URL"), re.MULTILINE))
    fields = {{"width": "w", "wait_s": "wait"}.get(name, name) for name in Wish.__dataclass_fields__}
    assert named == fields | {"key"}


def test_the_document_has_the_images_and_the_secrets() -> None:
    """For those who generate a client: every parameter of an image, each type of event, and how to sign in."""
    document = make_document()
    image = document["paths"]["/i/{image_id}"]["get"]
    assert [each["name"] for each in image["parameters"] if each["in"] == "query"] == list(PARAMETERS)
    secrets = document["components"]["securitySchemes"]
    assert {name for each in (*document["security"], *image["security"]) for name in each} == set(secrets)
    schemas = document["components"]["schemas"]
    assert set(schemas["Event"]["discriminator"]["mapping"]) == set(EVENT_TYPES)
    assert [name for name in schemas if "__" in name] == []
    assert [
        name for name, schema in schemas.items() if not schema.get("description", ".").endswith(".")
    ] == []


def test_every_refusal_is_documented_with_its_status() -> None:
    """The codes that only the HTTP API has."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", section("Errors"), re.MULTILINE)
    assert {code: int(status) for code, status in rows} == {code: row[0] for code, row in REFUSALS.items()}


def test_every_metric_is_documented() -> None:
    """Each is in the table of the how-to, in their order, and no other."""
    page = (PROJECT / "docs/howto/monitor.md").read_text()
    rows = dict(re.findall(r"^\| `(strandline_\w+)` \| (.+) \|$", page, re.MULTILINE))
    metrics = list_metrics(StoreStatus(datetime.now(UTC), (), 0, 0, 0, 0, {}), "1")
    metrics += list_operations(Operations(0, 0, {}, None))
    assert list(rows) == [metric.name for metric in metrics]


def test_every_route_says_what_it_does() -> None:
    """The OpenAPI document is documentation, too, so routes and parameters have descriptions."""
    for path, methods in make_document()["paths"].items():
        for method, operation in methods.items():
            assert operation["description"].endswith("."), f"{method} {path}"
            for parameter in operation.get("parameters", []):
                assert parameter["name"] == "limit" or parameter.get("description"), (
                    f"{path} {parameter['name']}"
                )


def test_the_service_files_start_the_server() -> None:
    """They parse, and run ``strandline serve`` with the log that the settings ask for."""
    for name in ("strandline", "strandline-system"):
        unit = configparser.RawConfigParser()
        unit.read_string((PROJECT / f"deploy/{name}.service").read_text())
        assert unit["Service"]["execstart"].endswith("/strandline serve")
    agent = plistlib.loads((PROJECT / "deploy/org.strandline.serve.plist").read_bytes())
    assert '/strandline" serve >>' in agent["ProgramArguments"][-1]
