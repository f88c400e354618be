"""The page of the API says all that the OpenAPI document says, for people, and every link on it leads somewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.api_document import make_document
from builders.served import Served, serving_storage_dir
from strandline.web.pages.api_words import TITLES, list_groups, list_shapes, mark_code, say_type

DOCUMENT = make_document()
SCHEMAS = DOCUMENT["components"]["schemas"]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page."""
    with serving_storage_dir(Path(tmp_path_factory.mktemp("api"))) as served:
        yield get_page(served)


def get_page(served: Served) -> str:
    """The page, which must be there."""
    answer = served.client.get("/api")
    assert answer.status_code == 200
    return answer.text


def read(page: str) -> str:
    """Its words."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_each_request_is_there_once(page: str) -> None:
    """With its method, its path, its words, its parameters, and what it answers."""
    operations = [each for group in list_groups(DOCUMENT) for each in group.operations]
    wanted = [(method.upper(), path) for path, each in DOCUMENT["paths"].items() for method in each]
    assert sorted((each.method, each.path) for each in operations) == sorted(wanted)
    assert {group.key for group in list_groups(DOCUMENT)} == set(TITLES)
    words = read(page)
    for each in operations:
        assert page.count(f'<h3 id="{each.key}">') == 1
        asked = DOCUMENT["paths"][each.path][each.method.lower()]
        assert [item.name for item in each.parameters] == [one["name"] for one in asked.get("parameters", [])]
        assert all(item.type and item.meaning for item in each.parameters), each.path
        assert [answer.status for answer in each.answers] == [
            one for one in asked["responses"] if one != "default"
        ]
        first = (asked["description"].split("\n\n")[0]).replace("`", "")
        assert read(mark_code(first)) in words.replace(" .", ".").replace(" ,", ","), each.path


def test_each_shape_is_there_with_its_keys(page: str) -> None:
    """An object has its keys, and everything else says what it is."""
    for shape in list_shapes(DOCUMENT):
        assert page.count(f'<h3 id="shape-{shape.name}">') == 1
        assert [each.name for each in shape.members] == list(SCHEMAS[shape.name].get("properties", {}))
        assert bool(shape.members) is not bool(shape.type)
        assert all(part.words for item in shape.members for part in item.type), shape.name
    assert [shape.name for shape in list_shapes(DOCUMENT)] == sorted(SCHEMAS)


def test_no_link_leads_nowhere(page: str) -> None:
    """Within the page, and away from it."""
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    inside = set(re.findall(r'href="#([^"]+)"', page))
    assert len(inside) > 60
    assert inside - set(ids) == set()


def test_no_type_is_nameless() -> None:
    """What is not understood would be called "anything", and nothing in the document is."""
    items = [item for shape in list_shapes(DOCUMENT) for item in shape.members]
    items += [
        item for group in list_groups(DOCUMENT) for each in group.operations for item in each.parameters
    ]
    assert len(items) > 300
    assert [item for item in items if any("anything" in part.words for part in item.type)] == []


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 1000}, "integer, 1 to 1,000"),
        ({"type": "integer", "minimum": 0}, "integer, 0 or more"),
        ({"type": "string", "maxLength": 4096}, "string, at most 4,096 characters"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Image"}}, "list of Image"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "object of integer"),
        ({"const": "sd.added"}, "“sd.added”"),
        ({"enum": ["0", "1"]}, "“0”, “1”"),
        ({}, "anything"),
    ],
)
def test_a_type_has_words(schema: dict[str, Any], words: str) -> None:
    """Those that a person would use."""
    assert "".join(part.words for part in say_type(schema)) == words


def test_what_may_be_left_out_is_not_called_null() -> None:
    """A parameter that is null is one that is not sent."""
    kinds = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert [part.words for part in say_type(kinds, with_null=False)] == ["string"]


@given(st.text(alphabet="a`<&> \n", max_size=20))
def test_text_is_escaped_and_only_backticks_act(text: str) -> None:
    """Law: without the tags, the words are the same."""
    marked = mark_code(text)
    tags = set(re.findall(r"<[^>]*>", marked))
    assert tags <= {"<code>", "</code>"}
    assert html.unescape(re.sub(r"</?code>", "", marked)).replace("`", "") == text.replace("`", "")
