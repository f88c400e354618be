"""The OpenAPI document for people: its requests and its shapes, as a page shows them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from markupsafe import Markup, escape

Document = Mapping[str, Any]

TITLES = {
    "sds": "Storage directories",
    "images": "Images",
    "trash": "Trash",
    "scans": "Scans",
    "inspect": "Inspecting",
    "events": "Events",
    "work": "Work on many machines",
    "health": "Health",
}
"""The headings of the document's tags, in the order of the page."""

_REFERENCE = "#/components/schemas/"


class Part(NamedTuple):
    """A part of a type's words: plain, or the name of a shape, which leads to it."""

    words: str
    shape: str = ""


class Item(NamedTuple):
    """A parameter, or a key of a shape."""

    name: str
    type: list[Part]
    note: str
    """``in the path``, ``required``, ``20 if omitted``; empty if there is nothing to say."""
    meaning: str


class Answer(NamedTuple):
    """One answer to a request."""

    status: str
    type: list[Part]
    meaning: str


class Operation(NamedTuple):
    """One request."""

    key: str
    """For its place on the page."""
    method: str
    path: str
    meaning: list[str]
    """Paragraphs."""
    parameters: list[Item]
    bodies: list[Answer]
    """What may be sent; ``status`` is its media type."""
    answers: list[Answer]


class Group(NamedTuple):
    """The requests of one tag."""

    key: str
    title: str
    operations: list[Operation]


class Shape(NamedTuple):
    """One shape of requests or answers."""

    name: str
    meaning: list[str]
    type: list[Part]
    """Empty for an object, whose keys are ``members``."""
    members: list[Item]


def list_groups(document: Document) -> list[Group]:
    """All requests of the document, by tag. Each is in exactly one group."""
    found: dict[str, list[Operation]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            found.setdefault(operation["tags"][0], []).append(_read_operation(method, path, operation))
    tags = sorted(found, key=lambda tag: list(TITLES).index(tag) if tag in TITLES else len(TITLES))
    return [Group(tag, TITLES.get(tag, tag), found[tag]) for tag in tags]


def list_shapes(document: Document) -> list[Shape]:
    """All shapes of the document, by name."""
    return [_read_shape(name, each) for name, each in sorted(document["components"]["schemas"].items())]


def find_first_sentence(text: str) -> str:
    """Up to the first full stop or colon that ends a clause, with a full stop."""
    return re.split(r"[.:](?: |$)", text, maxsplit=1)[0] + "."


def mark_code(text: str) -> Markup:
    """The text with what is between backticks, one or two, as code. Everything is escaped."""
    parts = re.split(r"(`+)(.+?)\1", text, flags=re.DOTALL)
    marked = Markup()
    for plain, _, code in zip(parts[::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True):
        marked += escape(plain) + (Markup("<code>{}</code>").format(code) if code else Markup())
    return marked


def _read_operation(method: str, path: str, operation: Document) -> Operation:
    body = operation.get("requestBody", {})
    return Operation(
        operation["operationId"],
        method.upper(),
        path,
        _list_paragraphs(operation),
        [_read_parameter(each) for each in operation.get("parameters", [])],
        [Answer(kind, _say_content(kind, what), "") for kind, what in body.get("content", {}).items()],
        [
            Answer(
                status,
                _join(_say_content(*each) for each in what.get("content", {}).items()),
                what["description"],
            )
            for status, what in operation["responses"].items()
            if status != "default"  # a problem, which the page says once
        ],
    )


def _say_content(kind: str, what: Document) -> list[Part]:
    """The shape, if it is JSON. Otherwise the media type."""
    is_json = kind.endswith("json") and what.get("schema")
    return say_type(what["schema"]) if is_json else [Part(kind)]


def _read_parameter(parameter: Document) -> Item:
    schema, where = parameter["schema"], parameter["in"]
    note = "in the path" if where == "path" else _say_default(schema, is_required=parameter["required"])
    if where not in ("path", "query"):
        note = f"{note}, in the {where}" if note else f"in the {where}"
    meaning = parameter.get("description") or schema.get("description") or ""
    return Item(parameter["name"], say_type(schema, with_null=False), note, meaning)


def _read_shape(name: str, schema: Document) -> Shape:
    required = schema.get("required", [])
    members = [
        Item(
            key,
            say_type(each),
            "" if key in required else _say_default(each, is_required=False) or "may be omitted",
            each.get("description") or "",
        )
        for key, each in schema.get("properties", {}).items()
    ]
    return Shape(name, _list_paragraphs(schema), [] if members else say_type(schema), members)


def _list_paragraphs(of: Document) -> list[str]:
    return [" ".join(each.split()) for each in (of.get("description") or "").split("\n\n") if each.strip()]


def _say_default(schema: Document, *, is_required: bool) -> str:
    if is_required:
        return "required"
    default = schema.get("default")
    if default is None:
        return ""
    return f"{str(default).lower() if isinstance(default, bool) else default} if omitted"


def say_type(schema: Document, *, with_null: bool = True) -> list[Part]:
    """The type in words: ``list of Image``, ``integer, 1 to 1,000``, ``string or null``. Every schema has some."""
    if "$ref" in schema:
        name = str(schema["$ref"]).removeprefix(_REFERENCE)
        return [Part(name, name)]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            kinds = [each for each in schema[key] if with_null or each.get("type") != "null"]
            return _join(say_type(each) for each in kinds)
    if "const" in schema:
        return [Part(f"“{schema['const']}”")]
    if "enum" in schema:
        return [Part(", ".join(f"“{each}”" for each in schema["enum"]))]
    kind = schema.get("type")
    if kind == "array":
        return [Part("list of "), *say_type(schema.get("items", {}))]
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return [Part("object of "), *say_type(schema["additionalProperties"])]
    return [Part(str(kind or "anything") + _say_bounds(schema))]


def _say_bounds(schema: Document) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and most is not None:
        return f", {least:,} to {most:,}"
    if schema.get("maxLength") is not None:
        return f", at most {schema['maxLength']:,} characters"
    return "" if least is None else f", {least:,} or more"


def _join(types: Iterator[list[Part]]) -> list[Part]:
    joined: list[Part] = []
    for each in types:
        joined += [Part(" or "), *each] if joined else each
    return joined
